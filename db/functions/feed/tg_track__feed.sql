create or replace function feed.tg_track__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    orgs bigint[];
    topics text[];
begin
    if tg_op = 'INSERT' then
        select array_agg(n.org_id), array_agg('person:' || n.director_id)
        into orgs, topics
        from new_rows as n
        where n.director_id is not null;
    elsif tg_op = 'DELETE' then
        select array_agg(o.org_id), array_agg('person:' || o.director_id)
        into orgs, topics
        from old_rows as o
        where o.director_id is not null;
    else
        select array_agg(c.org_id), array_agg('person:' || c.director_id)
        into orgs, topics
        from (
            (select org_id, id, director_id from new_rows except all select org_id, id, director_id from old_rows)
            union all
            (select org_id, id, director_id from old_rows except all select org_id, id, director_id from new_rows)
        ) as c
        where c.director_id is not null;
    end if;
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_track__feed() is 'Tells the reader of the feed who directs a track, or does not any more.';
revoke all on function feed.tg_track__feed() from public;

create or replace trigger tg_track__feed_insert
after insert on school.track
referencing new table as new_rows
for each statement execute function feed.tg_track__feed();

create or replace trigger tg_track__feed_update
after update on school.track
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_track__feed();

create or replace trigger tg_track__feed_delete
after delete on school.track
referencing old table as old_rows
for each statement execute function feed.tg_track__feed();
