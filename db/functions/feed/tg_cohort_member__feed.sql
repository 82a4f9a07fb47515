create or replace function feed.tg_cohort_member__feed() returns trigger
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
        cross join lateral feed.member_topics(n.org_id, n.student_id, n.cohort_id) as t (topic)
        where n.status <> 'withdrawn';
    elsif tg_op = 'DELETE' then
        select array_agg(o.org_id), array_agg(t.topic)
        into orgs, topics
        from old_rows as o
        cross join lateral feed.member_topics(o.org_id, o.student_id, o.cohort_id) as t (topic)
        where o.status <> 'withdrawn';
    else
        select array_agg(c.org_id), array_agg(t.topic)
        into orgs, topics
        from (
            (
                select org_id, student_id, cohort_id, status = 'withdrawn' from new_rows
                except all
                select org_id, student_id, cohort_id, status = 'withdrawn' from old_rows
            )
            union all
            (
                select org_id, student_id, cohort_id, status = 'withdrawn' from old_rows
                except all
                select org_id, student_id, cohort_id, status = 'withdrawn' from new_rows
            )
        ) as c
        cross join lateral feed.member_topics(c.org_id, c.student_id, c.cohort_id) as t (topic);
    end if;
    perform feed.tell_rights(orgs, topics);
    return null;
end
$$;
comment on function feed.tg_cohort_member__feed() is
'Tells the reader of the feed that a student, the parents and tutors hear of a cohort, and its mentors of the student, or do not any more.';
revoke all on function feed.tg_cohort_member__feed() from public;

create or replace trigger tg_cohort_member__feed_insert
after insert on school.cohort_member
referencing new table as new_rows
for each statement execute function feed.tg_cohort_member__feed();

create or replace trigger tg_cohort_member__feed_update
after update on school.cohort_member
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_cohort_member__feed();

create or replace trigger tg_cohort_member__feed_delete
after delete on school.cohort_member
referencing old table as old_rows
for each statement execute function feed.tg_cohort_member__feed();
