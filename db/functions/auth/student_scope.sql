create or replace function auth.student_scope() returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
begin
    return case caller ->> 'role'
        when 'student' then array[person]
        when 'parent' then array(
            select g.student_id from school.guardian as g where g.org_id = org and g.parent_id = person
        )
        when 'tutor' then array(
            select t.student_id from school.tutor_student as t where t.org_id = org and t.tutor_id = person
        )
        when 'teacher' then array(
            select distinct e.student_id
            from school.course_teacher as t
            join school.enrollment as e on e.org_id = t.org_id and e.course_id = t.course_id
            where t.org_id = org and t.teacher_id = person
        )
        when 'mentor' then array(
            select distinct m.student_id
            from school.cohort_mentor as o
            join school.cohort_member as m on m.org_id = o.org_id and m.cohort_id = o.cohort_id
            where o.org_id = org and o.mentor_id = person and m.status in ('active', 'completed')
        )
        else '{}'
    end;
end
$$;
comment on function auth.student_scope() is
'Ids of the students whose records the caller may read in the role taken: a student self, a parent the children, a tutor
the students accompanied, a teacher everybody ever enrolled in a course taught, a mentor everybody in a cohort accompanied
(until withdrawn). Empty for other roles: those that read a whole organization are admitted by org_id alone. Policies and
live topics both ask here. Use as student_id = any ((select auth.student_scope())::uuid[]), which computes it once per statement.';
revoke all on function auth.student_scope() from public;
grant execute on function auth.student_scope() to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor;
