create or replace function ops.seed_people(
    org bigint, school_name text, first_class integer, last_class integer, students integer
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    first_student constant integer := (first_class - 1) * 30 + 1;
    last_student constant integer := least(last_class * 30, students);
begin
    -- Every third household has a second guardian; in each house's first one, that is the class's teacher.
    insert into school.person (org_id, id, name, email, source, external_id)
    select
        org, ops.seed_id(school_name, p.kind, p.n), ops.seed_name(p.kind, p.n, p.household),
        p.kind || '.' || p.n || '@example.org', 'synthetic', p.kind || '/' || p.n
    from (
        select 'student' as kind, n, ops.seed_household(n) as household from generate_series(first_student, last_student) as n
        union all
        select k.kind, h.n, h.n
        from (select distinct ops.seed_household(n) as n from generate_series(first_student, last_student) as n) as h
        cross join (values ('parent'), ('partner')) as k (kind)
        where k.kind = 'parent' or h.n % 3 = 1 and h.n % 90 <> 1
        union all
        select 'teacher', n, case when n % 6 = 1 then (n - 1) * 15 + 1 else n * 3 end
        from generate_series(first_class * 2 - 1, last_class * 2) as n
        union all
        select 'tutor', n, n * 5 from generate_series(first_class, last_class) as n
    ) as p;

    insert into school.guardian (org_id, parent_id, student_id)
    select org, ops.seed_id(school_name, g.kind, g.n), ops.seed_id(school_name, 'student', g.student)
    from (
        select 'parent' as kind, ops.seed_household(n) as n, n as student from generate_series(first_student, last_student) as n
        union all
        select 'partner', ops.seed_household(n), n
        from generate_series(first_student, last_student) as n
        where ops.seed_household(n) % 3 = 1 and ops.seed_household(n) % 90 <> 1
        union all
        select 'teacher', (n - 1) / 15 + 1 - (n - 1) % 90 / 15, n
        from generate_series(first_student, last_student) as n
        where ops.seed_household(n) % 90 = 1
    ) as g;

    -- Each class has a tutor for those who need one; besides, some of the older students help two of the class below.
    insert into school.tutor_student (org_id, tutor_id, student_id)
    select org, ops.seed_id(school_name, 'tutor', (n - 1) / 30 + 1), ops.seed_id(school_name, 'student', n)
    from generate_series(first_student, last_student) as n
    where ops.seed_number('tutored/' || n) < 0.3 or n <= 2
    union all
    select org, ops.seed_id(school_name, 'student', n), ops.seed_id(school_name, 'student', n - 30 - helped)
    from generate_series(first_student, last_student) as n
    cross join generate_series(0, 1) as helped
    where (n - 1) % 10 = 4 and (n - 1) % 90 >= 30;

    -- Thus a person may hold several roles: teachers who are parents, students who are tutors.
    insert into school.person_role (org_id, person_id, role)
    select org, ops.seed_id(school_name, r.kind, r.n), r.role
    from (
        select 'student' as kind, n, 'student' as role from generate_series(first_student, last_student) as n
        union all
        select 'student', n, 'tutor'
        from generate_series(first_student, last_student) as n
        where (n - 1) % 10 = 4 and (n - 1) % 90 >= 30
        union all
        select k.kind, h.n, 'parent'
        from (select distinct ops.seed_household(n) as n from generate_series(first_student, last_student) as n) as h
        cross join (values ('parent'), ('partner')) as k (kind)
        where k.kind = 'parent' or h.n % 3 = 1 and h.n % 90 <> 1
        union all
        select 'teacher', n, r.role
        from generate_series(first_class * 2 - 1, last_class * 2) as n
        cross join (values ('teacher'), ('parent')) as r (role)
        where r.role = 'teacher' or n % 6 = 1
        union all
        select 'tutor', n, 'tutor' from generate_series(first_class, last_class) as n
    ) as r;
end
$$;
comment on function ops.seed_people(bigint, text, integer, integer, integer) is
'Makes the students of some classes of a synthetic school, their families, teachers and tutors, and who belongs to whom.';
revoke all on function ops.seed_people(bigint, text, integer, integer, integer) from public;
