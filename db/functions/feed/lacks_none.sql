create or replace function feed.lacks_none(known pg_snapshot, gone xid8, seen pg_snapshot) returns boolean
language plpgsql immutable parallel safe security invoker
set search_path = ''
as $$
begin
    return
        pg_snapshot_xmax(known) > gone
        -- Whoever was open for the cursor may have ended before the drop, with rows that are gone; whoever is open longer, not.
        and not exists (
            select from pg_snapshot_xip(known) as o (txid) where o.txid <= gone and pg_visible_in_snapshot(o.txid, seen)
        );
end
$$;
comment on function feed.lacks_none(pg_snapshot, xid8, pg_snapshot) is
'Whether a snapshot knows all transactions up to the greatest whose rows were dropped, but for those that were open at the drop as well, which have
lost nothing. seen: the snapshot of the drop. Ask in a statement after the one that read: retention may come in between, and a statement that
waited for it has an older snapshot than what it finds.';
revoke all on function feed.lacks_none(pg_snapshot, xid8, pg_snapshot) from public;
