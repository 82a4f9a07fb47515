create or replace function auth.course_scope() returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
begin
    return case
        when caller ->> 'role' = 'teacher' then array(
            select t.course_id from school.course_teacher as t where t.org_id = org and t.teacher_id = person
        )
        else array(
            select distinct e.course_id
            from school.enrollment as e
            where e.org_id = org
                and e.student_id = any ((select auth.student_scope())::uuid[])
                and e.status in ('active', 'completed')
        )
    end;
end
$$;
comment on function auth.course_scope() is
'Ids of the courses that the caller may read in the role taken: a teacher those taught; a student, parent or tutor those in
which a student in scope is active or has completed (a dropped enrollment ends the view of the course, not of one''s own
work). Empty for other roles.';
revoke all on function auth.course_scope() from public;
grant execute on function auth.course_scope() to homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor;
