create or replace function feed.has_marks(known pg_snapshot) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (
        select
            pg_snapshot_xmax(known) > p.txid
            and not exists (
                select from pg_snapshot_xip(known) as o (txid) where o.txid <= p.txid and pg_visible_in_snapshot(o.txid, p.seen)
            )
        from feed.pruned as p
    );
end
$$;
comment on function feed.has_marks(pg_snapshot) is
'Whether all marks that this snapshot does not know are still there, as feed.is_complete says of events. Ask in a statement after the one that read.';
revoke all on function feed.has_marks(pg_snapshot) from public;
