create or replace function ops.seed_enrollment_plan(
    school_name text, first_class integer, last_class integer, students integer, today date
) returns table (
    student integer, student_id uuid, course_id uuid, class integer, subject integer,
    student_key bigint, course_key bigint, level double precision, ended_on date
)
language plpgsql immutable parallel safe security invoker rows 8000
set search_path = ''
as $$
declare
    -- Each school has its own dice. 64 keys per student and course leave room for its weeks and days.
    dice constant bigint := ('x' || substr(md5(school_name), 1, 8))::bit(32)::bigint << 31;
begin
    return query
    with pupil as materialized (
        select
            n, p.key, ops.seed_id(school_name, 'student', n) as id, ops.seed_number(p.key, 'level') as level,
            -- One in twenty leaves the school, the weak more often; the first two, whom a demo shows, stay.
            case
                when n > 2 and ops.seed_number(p.key, 'leaves') < case when ops.seed_number(p.key, 'level') < 0.25 then 0.14 else 0.02 end
                    then today - 70 + floor(60 * ops.seed_number(p.key, 'leaves when'))::integer
            end as left_on
        from generate_series((first_class - 1) * 30 + 1, least(last_class * 30, students)) as n
        cross join lateral (select dice + n as key) as p
    ),
    course as materialized (
        select c.class, c.subject, c.course_id
        from ops.seed_course_plan(school_name, first_class, last_class) as c
    )
    select
        p.n, p.id, c.course_id, c.class, c.subject, p.key, k.course_key, p.level,
        -- One course in fifty is dropped by itself.
        least(p.left_on, case
            when ops.seed_number(k.course_key, 'drops') < 0.02
                then today - 63 + floor(50 * ops.seed_number(k.course_key, 'drops when'))::integer
        end)
    from pupil as p
    join course as c on c.class = (p.n - 1) / 30 + 1
    cross join lateral (select dice + (p.n * 8 + c.subject - 1) * 64 as course_key) as k;
end
$$;
comment on function ops.seed_enrollment_plan(text, integer, integer, integer, date) is
'Who of some classes of a synthetic school takes which course, with the keys of their dice, the student''s level in [0, 1) and the
day on which the student dropped the course or left the school.';
revoke all on function ops.seed_enrollment_plan(text, integer, integer, integer, date) from public;
