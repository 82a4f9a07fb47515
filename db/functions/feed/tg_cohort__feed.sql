create or replace function feed.tg_cohort__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    orgs bigint[];
    topics text[];
begin
    if tg_op = 'INSERT' then
        select array_agg(n.org_id), array_agg(t.topic)
        into orgs, topics
        from new_rows as n
        cross join lateral feed.cohort_topics(n.org_id, n.id, n.track_id) as t (topic);
    elsif tg_op = 'DELETE' then
        select array_agg(o.org_id), array_agg(t.topic)
        into orgs, topics
        from old_rows as o
        cross join lateral feed.cohort_topics(o.org_id, o.id, o.track_id) as t (topic);
    else
        select array_agg(c.org_id), array_agg(t.topic)
        into orgs, topics
        from (
            (select org_id, id, track_id from new_rows except all select org_id, id, track_id from old_rows)
            union all
            (select org_id, id, track_id from old_rows except all select org_id, id, track_id from new_rows)
        ) as c
        cross join lateral feed.cohort_topics(c.org_id, c.id, c.track_id) as t (topic);
    end if;
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_cohort__feed() is 'Tells the reader of the feed of cohorts that come to a track or leave it.';
revoke all on function feed.tg_cohort__feed() from public;

create or replace trigger tg_cohort__feed_insert
after insert on school.cohort
referencing new table as new_rows
for each statement execute function feed.tg_cohort__feed();

create or replace trigger tg_cohort__feed_update
after update on school.cohort
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_cohort__feed();

create or replace trigger tg_cohort__feed_delete
after delete on school.cohort
referencing old table as old_rows
for each statement execute function feed.tg_cohort__feed();
