create or replace function ops.seed_enrollment_plan(
    school_name text, first_class integer, last_class integer, students integer, today date
) returns table (
    student integer, student_id uuid, course_id uuid, class integer, subject integer,
    student_key bigint, course_key bigint, level double precision, ended_on date
)
language plpgsql immutable parallel safe security invoker rows 8000
set search_path = ''
as $$
begin
    return query
    with course as materialized (
        select c.class, c.subject, c.course_id
        from ops.seed_course_plan(school_name, first_class, last_class) as c
    )
    select
        p.student, p.student_id, c.course_id, c.class, c.subject, p.student_key, k.course_key, p.level,
        -- One course in fifty is dropped by itself.
        least(p.left_on, case
            when ops.seed_number(k.course_key, 'drops') < 0.02
                then today - 63 + floor(50 * ops.seed_number(k.course_key, 'drops when'))::integer
        end)
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    join course as c on c.class = p.class
    cross join lateral (select p.things_key + (c.subject - 1) * 64 as course_key) as k;
end
$$;
comment on function ops.seed_enrollment_plan(text, integer, integer, integer, date) is
'Who of some classes of a synthetic school takes which course, with the keys of their dice, the student''s level in [0, 1) and the
day on which the student dropped the course or left the school.';
revoke all on function ops.seed_enrollment_plan(text, integer, integer, integer, date) from public;
