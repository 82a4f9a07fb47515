create or replace function feed.is_complete(known pg_snapshot) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (select feed.lacks_none(known, d.txid, d.seen) from feed.dropped as d);
end
$$;
comment on function feed.is_complete(pg_snapshot) is
'Whether all events that this snapshot does not know are still there. When to ask, feed.lacks_none says.';
revoke all on function feed.is_complete(pg_snapshot) from public;
