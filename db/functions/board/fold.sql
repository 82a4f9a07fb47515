create or replace function board.fold(org bigint) returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
begin
    return (
        select coalesce(sum(ops.fold(d.deltas, org)), 0)::bigint
        from (select distinct a.deltas from ops.aggregate as a where a.deltas is not null) as d
    );
end
$$;
comment on function board.fold(bigint) is
'Folds all deltas of an organization into its rollups (ops.fold). Answers how many. A job calls it every few seconds; how seldom it
does costs readers time, never truth.';
revoke all on function board.fold(bigint) from public;
