create or replace function ops.prune_rate_limits() returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    pruned bigint;
begin
    delete from ops.rate_limit as r
    where (r.rule, r.who) in (
        select o.rule, o.who
        from ops.rate_limit as o
        where o.slot < floor(extract(epoch from clock_timestamp()) / 300) - cardinality(o.taken)
        for update skip locked
    );
    get diagnostics pruned = row_count;
    return pruned;
end
$$;
comment on function ops.prune_rate_limits() is 'Forgets who has not asked within the window. Answers how many. A job, every ten minutes.';
revoke all on function ops.prune_rate_limits() from public;
