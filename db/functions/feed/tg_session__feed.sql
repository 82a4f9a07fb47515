create or replace function feed.tg_session__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    orgs bigint[];
    topics text[];
begin
    -- Of what has expired every process knew when it would.
    select array_agg(o.org_id), array_agg('person:' || o.person_id)
    into orgs, topics
    from old_rows as o
    where o.expires_at > now();
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_session__feed() is
'Tells the reader of the feed whose sessions have ended or changed, however they did: their streams are closed, nothing kept is given to them.';
revoke all on function feed.tg_session__feed() from public;

create or replace trigger tg_session__feed_delete
after delete on auth.session
referencing old table as old_rows
for each statement execute function feed.tg_session__feed();

create or replace trigger tg_session__feed_update
after update on auth.session
referencing old table as old_rows
for each statement execute function feed.tg_session__feed();

create or replace trigger tg_session__feed_truncate
before truncate on auth.session
for each statement execute function ops.refuse('delete from auth.session: TRUNCATE would tell nobody');
