create or replace function feed.tg_person__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    orgs bigint[];
    topics text[];
begin
    if tg_op = 'DELETE' then
        select array_agg(o.org_id), array_agg('person:' || o.id) into orgs, topics from old_rows as o;
    else
        select array_agg(o.org_id), array_agg('person:' || o.id)
        into orgs, topics
        from old_rows as o
        where not exists (
            select from new_rows as n where n.org_id = o.org_id and n.id = o.id and n.is_active = o.is_active
        );
    end if;
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_person__feed() is 'Tells the reader of the feed who is shut out, let in again, or gone.';
revoke all on function feed.tg_person__feed() from public;

create or replace trigger tg_person__feed_update
after update on school.person
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_person__feed();

create or replace trigger tg_person__feed_delete
after delete on school.person
referencing old table as old_rows
for each statement execute function feed.tg_person__feed();
