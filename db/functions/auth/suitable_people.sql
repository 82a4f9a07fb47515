create or replace function auth.suitable_people(
    role text, org bigint default null, person uuid default null
) returns table (org_id bigint, person_id uuid, name text)
language sql stable parallel safe security invoker
set search_path = ''
as $$
    select p.org_id, p.id, p.name
    from school.person_role as r
    join school.person as p on p.org_id = r.org_id and p.id = r.person_id
    where r.role = suitable_people.role and p.is_active
        and (org is null or p.org_id = org)
        and (person is null or p.id = person)
    -- Somebody with something to see comes first: a parent with children, a student who is enrolled, and so on.
    order by
        not case r.role
            when 'student' then exists (
                select from school.enrollment as e where e.org_id = p.org_id and e.student_id = p.id
            )
            when 'parent' then exists (
                select from school.guardian as g where g.org_id = p.org_id and g.parent_id = p.id
            )
            when 'teacher' then exists (
                select from school.course_teacher as t where t.org_id = p.org_id and t.teacher_id = p.id
            )
            when 'tutor' then exists (
                select from school.tutor_student as t where t.org_id = p.org_id and t.tutor_id = p.id
            )
            when 'mentor' then exists (
                select from school.cohort_mentor as m where m.org_id = p.org_id and m.mentor_id = p.id
            )
            when 'director' then exists (
                select from school.track as t where t.org_id = p.org_id and t.director_id = p.id
            )
            else true
        end,
        p.org_id, length(p.external_id), p.external_id, p.id
$$;
comment on function auth.suitable_people(text, bigint, uuid) is
'Active people who hold the role, for `homeroom token`: the one asked for (in each organization that has the id), or all, who
have something to see first. For the owner only.';
revoke all on function auth.suitable_people(text, bigint, uuid) from public;
