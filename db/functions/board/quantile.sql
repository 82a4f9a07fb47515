create or replace function board.quantile(sorted numeric[], fraction numeric) returns numeric
language plpgsql immutable parallel safe security invoker
set search_path = ''
as $$
declare
    n constant integer := cardinality(sorted);
    place constant numeric := fraction * (n - 1);
    below constant integer := floor(place);
begin
    return sorted[below + 1] + (sorted[least(below + 2, n)] - sorted[below + 1]) * (place - below);
end
$$;
comment on function board.quantile(numeric[], numeric) is
'The value below which a fraction of the others lie, of numbers in ascending order: exact, between two neighbours in proportion, as percentile_cont says;
0.5 is the median. Null of an empty array.';
revoke all on function board.quantile(numeric[], numeric) from public;
