create or replace function ops.seed_cohorts(
    org bigint, school_name text, first_class integer, last_class integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- The first mentor came with the organization.
    insert into school.person (org_id, id, name, email, source, external_id)
    select
        org, ops.seed_id(school_name, 'mentor', m.n), ops.seed_name('mentor', m.n, m.n * 7), 'mentor.' || m.n || '@example.org',
        'synthetic', 'mentor/' || m.n
    from (
        select distinct c.mentor as n from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c where c.mentor > 1
    ) as m;

    insert into school.person_role (org_id, person_id, role)
    select distinct org, ops.seed_id(school_name, 'mentor', c.mentor), 'mentor'
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c
    where c.mentor > 1;

    -- Seats are for whole classes: a pool is never short of them (ops.seed_members).
    insert into school.cohort (
        org_id, id, track_id, name, starts_on, ends_on, mode, status, seats_paid, seats_scholarship, seats_sponsored, source, external_id
    )
    select
        org, c.cohort_id, c.track_id, c.name, c.starts_on, c.ends_on, ('{online,onsite,hybrid}'::text[])[1 + c.cohort % 3], 'active',
        20 * c.classes, 8 * c.classes, 5 * c.classes, 'synthetic', c.cohort
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c;

    insert into school.cohort_mentor (org_id, cohort_id, mentor_id)
    select org, c.cohort_id, ops.seed_id(school_name, 'mentor', c.mentor)
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c;

    insert into school.mentor_session (
        org_id, id, cohort_id, mentor_id, title, starts_at, ends_at, status, url, rating, source, external_id
    )
    select
        org, s.session_id, s.cohort_id, ops.seed_id(school_name, 'mentor', s.mentor), 'Weekly session',
        (s.held_on + time '17:00') at time zone zone, (s.held_on + time '18:00') at time zone zone, s.status,
        'https://meet.example.org/' || s.session_id,
        case
            when s.status = 'held' and ops.seed_number(s.session_id || 'is rated') < 0.7
                then round((3 + 2 * ops.seed_number(s.session_id || 'rating'))::numeric, 1)
        end,
        'synthetic', s.cohort || '/' || s.week
    from ops.seed_session_plan(school_name, first_class, last_class, today) as s;

    -- Without statistics every index that begins with org_id looks as good as the key to whoever looks a session up, and the foreign
    -- keys of what comes next would read the whole organization for each row.
    analyze school.mentor_session;

    insert into school.milestone (org_id, id, cohort_id, title, due_at, source, external_id)
    select
        org, md5(c.cohort_id::text || '/milestone/' || m.n)::uuid, c.cohort_id, m.title,
        (c.starts_on + 3 + 32 * (m.n::integer - 1) + time '18:00') at time zone zone, 'synthetic', c.cohort || '/' || m.n
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c
    cross join unnest('{Orientation,First project,Halfway review,Portfolio review,Interviews,Graduation}'::text[])
        with ordinality as m (title, n);

    insert into school.calendar_event (org_id, id, cohort_id, title, starts_at, ends_at, source, external_id)
    select
        org, md5(c.cohort_id::text || '/event/' || e.n)::uuid, c.cohort_id, e.title, (d.day + time '14:00') at time zone zone,
        (d.day + time '16:00') at time zone zone, 'synthetic', c.cohort || '/' || e.n
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c
    cross join unnest('{Guest talk,Workshop,Visit to a company,Study night,Workshop,Alumni talk}'::text[]) with ordinality as e (title, n)
    cross join lateral (select today - 42 + 14 * e.n::integer + (c.cohort + 3) % 7 as day) as d;

    insert into school.notification (org_id, id, person_id, title, is_urgent, created_at, read_at)
    select
        org, md5(c.cohort_id::text || '/notification/' || n)::uuid, ops.seed_id(school_name, 'mentor', c.mentor),
        'Missions of ' || c.name || ' wait for a review', n = 1, (today - 3 * n + time '07:30') at time zone zone,
        case when n > 1 then (today - 3 * n + time '09:00') at time zone zone end
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c
    cross join generate_series(1, 3) as n;
end
$$;
comment on function ops.seed_cohorts(bigint, text, integer, integer, date) is
'Makes the cohorts of some classes of a synthetic school, their mentors, weekly sessions, milestones and events.';
revoke all on function ops.seed_cohorts(bigint, text, integer, integer, date) from public;
