create or replace function feed.member_topics(org bigint, student uuid, cohort uuid) returns setof text
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return query
    select t.topic from feed.student_topics(org, student) as t (topic)
    union all
    select 'mentee:' || student
    union all
    select 'cohort-staff:' || cohort
    union all
    select 'person:' || m.mentor_id from school.cohort_mentor as m where m.org_id = org and m.cohort_id = cohort;
end
$$;
comment on function feed.member_topics(bigint, uuid, uuid) is
'Who sees other things when a student joins or leaves a cohort: those of feed.student_topics, and the cohort''s mentors.';
revoke all on function feed.member_topics(bigint, uuid, uuid) from public;
