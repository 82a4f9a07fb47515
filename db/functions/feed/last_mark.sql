create or replace function feed.last_mark(seen pg_snapshot) returns xid8
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    last xid8;
begin
    select q.txid
    into last
    from board.dashboard_update_queue as q
    where q.txid < pg_snapshot_xmax(seen) and pg_visible_in_snapshot(q.txid, seen)
    order by q.txid desc
    limit 1;
    return greatest(last, (select p.txid from feed.pruned as p));
end
$$;
comment on function feed.last_mark(pg_snapshot) is
'The greatest transaction in this snapshot, that of the calling statement, which marked something, as far as is known by now. As feed.last_txid.';
revoke all on function feed.last_mark(pg_snapshot) from public;
