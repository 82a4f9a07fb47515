create or replace function ops.seed_coaching(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- One to three habits; a third one is sometimes given up, ten days ago.
    insert into school.habit (org_id, id, student_id, title, is_active)
    select
        org, md5(p.student_id::text || '/habit/' || k.n)::uuid, p.student_id,
        ('{Read for twenty minutes,Review the notes,Practise a skill,Write the journal,Plan the day,Solve a puzzle,Take a walk}'::text[])
        [1 + (p.student + 2 * k.n) % 7],
        k.n < 3 or ops.seed_number(k.key, 'gives up') >= 0.3
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    cross join lateral (select n, p.things_key + n as key from generate_series(1, 3) as n) as k
    where k.n = 1 or ops.seed_number(k.key, 'has a habit') < 1.1 - 0.3 * k.n;

    -- Some keep theirs nearly every day, others hardly ever.
    insert into school.habit_log (org_id, habit_id, student_id, day)
    select org, md5(p.student_id::text || '/habit/' || k.n)::uuid, p.student_id, today - ago
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    cross join lateral (select n, p.things_key + n as key from generate_series(1, 3) as n) as k
    cross join generate_series(1, 28) as ago
    where (k.n = 1 or ops.seed_number(k.key, 'has a habit') < 1.1 - 0.3 * k.n)
        and (k.n < 3 or ago > 10 or ops.seed_number(k.key, 'gives up') >= 0.3)
        and (today - ago < p.left_on or p.left_on is null)
        and ops.seed_number(p.things_key + k.n * 32 + ago, 'keeps it') < 0.2 + 0.75 * ops.seed_number(k.key, 'keeps habits');

    insert into school.goal (org_id, id, student_id, title, due_on, created_at, completed_at)
    select
        org, md5(g.student_id::text || '/goal/' || g.n)::uuid, g.student_id,
        ('{Finish the project,Improve one mark,Join a study group,Speak in every session,Read a book a month,Find an internship}'::text[])
        [1 + (g.student + g.n) % 6],
        case when g.n < 3 then g.created_on + 14 + floor(42 * ops.seed_number(g.key, 'due on'))::integer end,
        (g.created_on + time '18:00') at time zone zone,
        case
            when g.completed_on < g.until and ops.seed_number(g.key, 'reaches it') < 0.6
                then (g.completed_on + time '19:00') at time zone zone
        end
    from (
        select
            p.student, p.student_id, k.n, k.key, coalesce(p.left_on, today) as until, d.created_on,
            d.created_on + 5 + floor(30 * ops.seed_number(k.key, 'reaches it on'))::integer as completed_on
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
        cross join lateral (select n, p.things_key + n as key from generate_series(1, 3) as n) as k
        cross join lateral (select today - 1 - floor(60 * ops.seed_number(k.key, 'sets it on'))::integer as created_on) as d
        where ops.seed_number(k.key, 'has a goal') < 0.75 and (d.created_on < p.left_on or p.left_on is null)
    ) as g;

    -- Small ones by the week; those for missions come with the missions.
    insert into school.point_award (org_id, id, student_id, points, reason, awarded_at)
    select
        org, md5(p.student_id::text || '/points/' || k.ago)::uuid, p.student_id,
        5 * (1 + floor(4 * ops.seed_number(k.key, 'points'))::integer),
        ('{A week of habits,Helped somebody,Asked a good question,Neat work}'::text[])
        [1 + floor(4 * ops.seed_number(k.key, 'points for'))::integer],
        (d.day + time '20:00') at time zone zone
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    cross join lateral (select ago, p.things_key + ago as key from generate_series(0, 7) as ago) as k
    cross join lateral (select today - 1 - 7 * k.ago - floor(7 * ops.seed_number(k.key, 'points on'))::integer as day) as d
    where ops.seed_number(k.key, 'gets points') < 0.3 + 0.5 * p.level and (d.day < p.left_on or p.left_on is null);

    insert into school.badge (org_id, id, student_id, name, awarded_at)
    select
        org, md5(p.student_id::text || '/badge/early')::uuid, p.student_id, 'Early bird', (d.day + time '08:00') at time zone zone
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    cross join lateral (select today - 1 - floor(50 * ops.seed_number(p.student_key, 'early on'))::integer as day) as d
    where ops.seed_number(p.student_key, 'is early') < 0.2 and (d.day < p.left_on or p.left_on is null);
end
$$;
comment on function ops.seed_coaching(bigint, text, integer, integer, integer, date) is
'Gives the students of some classes of a synthetic school habits, which they keep or not, goals, points and badges.';
revoke all on function ops.seed_coaching(bigint, text, integer, integer, integer, date) from public;
