create or replace function board.snapshot() returns pg_snapshot
language plpgsql stable parallel restricted security invoker
set search_path = ''
as $$
declare
    seen constant pg_snapshot := pg_current_snapshot();
    own constant xid8 := pg_current_xact_id_if_assigned();
begin
    if own is null or own >= pg_snapshot_xmax(seen) then
        return seen;
    end if;
    return format(
        '%s:%s:%s', least(pg_snapshot_xmin(seen), own), pg_snapshot_xmax(seen),
        (
            select string_agg(x.id::text, ',' order by x.id)
            from (select pg_snapshot_xip(seen) as id union select own) as x
        )
    )::pg_snapshot;
end
$$;
comment on function board.snapshot() is
'What the current statement sees that had been committed: the transaction that asks counts as under way, for what it writes later is not
seen either. pg_current_snapshot() takes it for committed once a later one has ended.';
revoke all on function board.snapshot() from public;
