create or replace function feed.is_complete(known pg_snapshot) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (select pg_snapshot_xmin(known) > d.txid from feed.dropped as d);
end
$$;
comment on function feed.is_complete(pg_snapshot) is
'Whether all that this snapshot does not know is still there. Ask in a statement after the one that read: retention may come in between,
and a statement that waited for it has an older snapshot than what it finds.';
revoke all on function feed.is_complete(pg_snapshot) from public;
