create or replace function ops.prune_rate_limits() returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    this_slot constant bigint := floor(extract(epoch from clock_timestamp()) / 300)::bigint;
    pruned bigint;
begin
    delete from ops.rate_limit as r
    where (r.rule, r.who) in (
        select o.rule, o.who
        from ops.rate_limit as o
        where o.slot < this_slot - cardinality(o.taken) or o.slot > this_slot + cardinality(o.taken)
        for update skip locked
    );
    get diagnostics pruned = row_count;
    return pruned;
end
$$;
comment on function ops.prune_rate_limits() is
'Forgets who has not asked within the window, and whose last time is still to come, by a clock that was ahead. Answers how many. A job, every
ten minutes.';
revoke all on function ops.prune_rate_limits() from public;
