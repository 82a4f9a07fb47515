create or replace function ops.seed_courses(
    org bigint, school_name text, first_class integer, last_class integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    insert into school.course (org_id, id, code, title, starts_on, ends_on, source, external_id)
    select
        org, c.course_id, upper(left(c.title, 4)) || '-' || c.class, c.title || ', class ' || c.class, today - 84, today + 56,
        'synthetic', c.subject || '/' || c.class
    from ops.seed_course_plan(school_name, first_class, last_class) as c;

    -- A class has two teachers; each has half of its subjects.
    insert into school.course_teacher (org_id, course_id, teacher_id)
    select org, c.course_id, ops.seed_id(school_name, 'teacher', 2 * c.class - c.subject % 2)
    from ops.seed_course_plan(school_name, first_class, last_class) as c;

    -- Assignments in even weeks, quizzes in odd ones, from eleven weeks ago to four ahead.
    insert into school.assignment (org_id, id, course_id, author_id, title, due_at, weight, source, external_id)
    select
        org, md5(c.course_id::text || '/assignment/' || w)::uuid, c.course_id,
        ops.seed_id(school_name, 'teacher', 2 * c.class - c.subject % 2), 'Homework ' || (w + 12) / 2,
        (ops.seed_due_on(today, w, c.class, c.subject) + time '20:00') at time zone zone, 10,
        'synthetic', c.subject || '/' || c.class || '/' || w
    from ops.seed_course_plan(school_name, first_class, last_class) as c
    cross join generate_series(-10, 4, 2) as w;

    insert into school.quiz (org_id, id, course_id, title, due_at, weight, source, external_id)
    select
        org, md5(c.course_id::text || '/quiz/' || w)::uuid, c.course_id, 'Quiz ' || (w + 13) / 2,
        (ops.seed_due_on(today, w, c.class, c.subject) + time '12:00') at time zone zone, 5,
        'synthetic', c.subject || '/' || c.class || '/' || w
    from ops.seed_course_plan(school_name, first_class, last_class) as c
    cross join generate_series(-11, 3, 2) as w;
end
$$;
comment on function ops.seed_courses(bigint, text, integer, integer, date) is
'Makes the courses of some classes of a synthetic school, with who teaches them, what is set and what will be.';
revoke all on function ops.seed_courses(bigint, text, integer, integer, date) from public;
