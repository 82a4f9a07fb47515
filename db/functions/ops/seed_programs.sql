create or replace function ops.seed_programs(org bigint, school_name text, today date) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    insert into school.program (org_id, id, name, source, external_id)
    select org, ops.seed_id(school_name, 'program', p.n::integer), p.name, 'synthetic', p.n
    from unnest('{Career launch,Creative fellowship}'::text[]) with ordinality as p (name, n);

    insert into school.track (org_id, id, program_id, name, director_id, target_readiness, source, external_id)
    select
        org, t.track_id, t.program_id, t.name, ops.seed_id(school_name, 'director', t.track), 70 + 5 * t.track, 'synthetic', t.track
    from ops.seed_track_plan(school_name) as t;

    insert into school.competency (org_id, id, track_id, name, required_level, source, external_id)
    select org, c.competency_id, c.track_id, c.name, c.required_level, 'synthetic', c.track || '/' || c.competency
    from ops.seed_competency_plan(school_name) as c;

    insert into school.mission (org_id, id, track_id, title, est_hours, due_at, status, source, external_id)
    select
        org, m.mission_id, m.track_id, m.title, m.est_hours, (m.due_on + time '18:00') at time zone zone, m.status, 'synthetic',
        concat_ws('/', m.track, m.mission)
    from ops.seed_mission_plan(school_name, today) as m;

    -- The cohorts that begin next have nobody yet.
    insert into school.cohort (
        org_id, id, track_id, name, starts_on, ends_on, mode, status, seats_paid, seats_scholarship, seats_sponsored, source, external_id
    )
    select
        org, ops.seed_id(school_name, 'next cohort', t.track), t.track_id, t.name || ', next', today + 35, today + 202, 'hybrid', 'planned',
        40, 16, 10, 'synthetic', 'next/' || t.track
    from ops.seed_track_plan(school_name) as t;

    insert into school.calendar_event (org_id, id, title, starts_at, ends_at, source, external_id)
    select
        org, ops.seed_id(school_name, 'event', e.n), e.title, (today + e.day + e.begins) at time zone zone,
        (today + e.day + e.ends) at time zone zone, 'synthetic', e.n
    from (
        values
        (1, 'Open house', -24, time '16:00', time '20:00'), (2, 'Career fair', 9, '10:00', '16:00'),
        (3, 'School holiday', 20, '00:00', '23:59'), (4, 'Demo night', 41, '18:00', '21:00')
    ) as e (n, title, day, begins, ends);

    insert into school.notification (org_id, id, person_id, title, created_at)
    select
        org, md5(t.track_id::text || '/notification')::uuid, ops.seed_id(school_name, 'director', t.track), 'The weekly report is ready',
        (today - 2 + time '07:00') at time zone zone
    from ops.seed_track_plan(school_name) as t;
end
$$;
comment on function ops.seed_programs(bigint, text, date) is
'Makes the programs of a synthetic school: tracks with their competencies and missions, the next cohorts, what is on for everybody.';
revoke all on function ops.seed_programs(bigint, text, date) from public;
