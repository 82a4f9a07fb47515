create or replace function feed.has_marks(known pg_snapshot) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (select feed.lacks_none(known, p.txid, p.seen) from feed.pruned as p);
end
$$;
comment on function feed.has_marks(pg_snapshot) is
'Whether all marks that this snapshot does not know are still there. When to ask, feed.lacks_none says.';
revoke all on function feed.has_marks(pg_snapshot) from public;
