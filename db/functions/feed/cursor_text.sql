create or replace function feed.cursor_text(epoch text, seen pg_snapshot, next xid8, held xid8[] default '{}') returns text
language plpgsql immutable parallel safe security invoker
set search_path = ''
as $$
declare
    still_open constant text[] := array(
        select o.txid::text
        from (select s.x from pg_snapshot_xip(seen) as s (x) union select h.x from unnest(held) as h (x)) as o (txid)
        where o.txid < next
        order by o.txid
    );
begin
    return format('%s.%s:%s:%s', epoch, coalesce(still_open[1], next::text), next, array_to_string(still_open, ','));
end
$$;
comment on function feed.cursor_text(text, pg_snapshot, xid8, xid8[]) is
'The cursor that says: seen is everything that this snapshot sees of what came before `next`, but for what is held back. `next` is the transaction
after the last one with an event, rather than the snapshot''s own end: since its commit is on disk, a crash cannot give the numbers before it to
others.';
revoke all on function feed.cursor_text(text, pg_snapshot, xid8, xid8[]) from public;
