create or replace function ops.seed_interactions(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- Each course on one day in eight; the strong succeed more often.
    insert into school.interaction (
        org_id, occurred_at, student_id, course_id, agent_type, difficulty, success, duration_ms, source, external_id
    )
    select
        org, (d.day + time '08:00') at time zone zone + ops.seed_number(d.key, 'learns when') * interval '12 hours',
        p.student_id, p.course_id,
        ('{tutor,quiz,feedback,practice}'::text[])[1 + floor(4 * ops.seed_number(d.key, 'agent'))::integer],
        ('{easy,medium,hard}'::text[])[1 + floor(3 * ops.seed_number(d.key, 'difficulty'))::integer],
        ops.seed_number(d.key, 'succeeds') < 0.5 + 0.4 * p.level,
        20000 + floor(240000 * ops.seed_number(d.key, 'learns for'))::integer,
        'synthetic', p.student || '/' || p.subject || '/' || d.ago
    from ops.seed_enrollment_plan(school_name, first_class, last_class, students, today) as p
    cross join lateral (
        select ago, today - ago as day, p.course_key + ago as key
        from generate_series(1, 28) as ago
    ) as d
    where ops.seed_number(d.key, 'learns') < 0.125 and (d.day < p.ended_on or p.ended_on is null);
end
$$;
comment on function ops.seed_interactions(bigint, text, integer, integer, integer, date) is
'Lets some classes of a synthetic school learn with the tutoring agents for four weeks.';
revoke all on function ops.seed_interactions(bigint, text, integer, integer, integer, date) from public;
