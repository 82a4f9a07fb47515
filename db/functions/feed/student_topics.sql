create or replace function feed.student_topics(org bigint, student uuid) returns setof text
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return query
    select 'person:' || student
    union all
    select 'student:' || student
    union all
    select 'person:' || g.parent_id from school.guardian as g where g.org_id = org and g.student_id = student
    union all
    select 'person:' || t.tutor_id from school.tutor_student as t where t.org_id = org and t.student_id = student;
end
$$;
comment on function feed.student_topics(bigint, uuid) is
'Who sees other things when what a student may see changes: the student, parents and tutors; and by the topic whoever has become one in a
transaction that this one does not see yet.';
revoke all on function feed.student_topics(bigint, uuid) from public;
