create or replace function feed.is_complete(known pg_snapshot) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (
        select
            pg_snapshot_xmax(known) > d.txid
            -- Whoever was open for the cursor may have ended before the drop, with events that are gone; whoever is open longer, not.
            and not exists (
                select from pg_snapshot_xip(known) as o (txid) where o.txid <= d.txid and pg_visible_in_snapshot(o.txid, d.seen)
            )
        from feed.dropped as d
    );
end
$$;
comment on function feed.is_complete(pg_snapshot) is
'Whether all that this snapshot does not know is still there: it knows every transaction up to the greatest whose events were dropped, but for
those that were open at the drop as well, which have lost nothing. Ask in a statement after the one that read: retention may come in between,
and a statement that waited for it has an older snapshot than what it finds.';
revoke all on function feed.is_complete(pg_snapshot) from public;
