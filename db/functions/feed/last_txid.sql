create or replace function feed.last_txid(seen pg_snapshot) returns xid8
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    last xid8;
begin
    select e.txid
    into last
    from feed.event as e
    where e.txid < pg_snapshot_xmax(seen) and pg_visible_in_snapshot(e.txid, seen)
    order by e.txid desc
    limit 1;
    return greatest(last, (select d.txid from feed.dropped as d), '2');
end
$$;
comment on function feed.last_txid(pg_snapshot) is
'The greatest transaction in this snapshot, that of the calling statement, which wrote events. Where there is none, one that is less than
all that are given.';
revoke all on function feed.last_txid(pg_snapshot) from public;
