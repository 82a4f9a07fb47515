create or replace function ops.drift(org bigint default null)
returns table (aggregate regclass, org_id bigint, key jsonb, difference jsonb)
language plpgsql stable parallel unsafe security invoker
set search_path = ''
as $$
begin
    -- Stable: every comparison sees the snapshot of the one statement that asks.
    for aggregate in select a.kept from ops.aggregate as a order by a.place loop
        return query
        select aggregate, d.org_id, d.key, d.difference from ops.differences(aggregate, org) as d;
    end loop;
end
$$;
comment on function ops.drift(bigint) is
'ops.differences of every registered aggregate, all under one snapshot; no row when everything is exact.';
revoke all on function ops.drift(bigint) from public;
