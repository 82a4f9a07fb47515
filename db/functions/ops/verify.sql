create or replace function ops.verify() returns setof ops.aggregate_check
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
declare
    began constant timestamptz := clock_timestamp();
begin
    insert into ops.aggregate_check as c (aggregate, checked_at, duration, drifting_rows, drift)
    select
        a.kept::text, began, clock_timestamp() - began, count(d.key),
        coalesce(sum((select sum(abs((v.value #>> '{}')::numeric)) from jsonb_each(d.difference) as v)), 0)
    from ops.aggregate as a
    left join ops.drift() as d on d.aggregate = a.kept
    group by a.kept
    on conflict (aggregate) do update set
        checked_at = excluded.checked_at,
        duration = excluded.duration,
        drifting_rows = excluded.drifting_rows,
        drift = excluded.drift;

    -- What is no longer registered is no longer published.
    delete from ops.aggregate_check as c
    where not exists (select from ops.aggregate as a where a.kept::text = c.aggregate);

    return query
    select c.* from ops.aggregate_check as c join ops.aggregate as a on a.kept::text = c.aggregate order by a.place;
end
$$;
comment on function ops.verify() is
'Compares every registered aggregate with its facts under one snapshot and publishes the outcome in ops.aggregate_check, which it
answers. Reads only what it compares: writers go on meanwhile.';
revoke all on function ops.verify() from public;
