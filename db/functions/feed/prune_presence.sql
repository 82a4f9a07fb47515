create or replace function feed.prune_presence() returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    pruned bigint;
begin
    delete from feed.presence as p
    where (p.org_id, p.role, p.person_id) in (
        select l.org_id, l.role, l.person_id from feed.presence as l where l.until < now() for update skip locked
    );
    get diagnostics pruned = row_count;
    return pruned;
end
$$;
comment on function feed.prune_presence() is 'Forgets who has not been connected of late. Answers how many. A job, every five minutes.';
revoke all on function feed.prune_presence() from public;
