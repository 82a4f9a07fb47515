create or replace function ops.seed_messages(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    insert into school.notification (org_id, id, person_id, title, body, is_urgent, created_at, read_at)
    select
        org, md5(m.student_id::text || '/notification/' || m.n)::uuid, m.student_id,
        ('{New homework,A mark is there,A session was moved,Your mission was reviewed,Your mentor wrote,A deadline is near}'::text[])
        [1 + floor(6 * ops.seed_number(m.key, 'news of'))::integer],
        case when ops.seed_number(m.key, 'says more') < 0.5 then 'Have a look before the week ends.' end,
        ops.seed_number(m.key, 'is urgent') < 0.12, m.created_at, case when m.read_at < m.now then m.read_at end
    from (
        select
            p.student_id, k.n, k.key, d.now, t.created_at,
            case
                when ops.seed_number(k.key, 'reads') < 0.85
                    then t.created_at + power(ops.seed_number(k.key, 'reads when'), 3) * interval '8 days'
            end as read_at
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
        cross join lateral (select n, p.things_key + n as key from generate_series(1, 5) as n) as k
        cross join lateral (
            select today - 1 - floor(21 * ops.seed_number(k.key, 'news on'))::integer as day, today::timestamp at time zone zone as now
        ) as d
        cross join lateral (
            select (d.day + time '07:00') at time zone zone + ops.seed_number(k.key, 'news at') * interval '13 hours' as created_at
        ) as t
        where ops.seed_number(k.key, 'has news') < 0.8 and (d.day < p.left_on or p.left_on is null)
    ) as m;

    insert into school.ai_nudge (org_id, id, student_id, message, created_at, expires_at, dismissed_at)
    select
        org, md5(m.student_id::text || '/nudge/' || m.n)::uuid, m.student_id,
        ('{A short mission fits into this afternoon.,Your streak is worth a quarter of an hour.,Two quizzes are due this week: begin with'
        ' the harder one.,You are close to the next level: review one competency.}'::text[])
        [1 + floor(4 * ops.seed_number(m.key, 'nudged to'))::integer],
        m.created_at, case when ops.seed_number(m.key, 'lasts') < 0.8 then m.created_at + interval '7 days' end,
        case when m.dismissed_at < m.now and ops.seed_number(m.key, 'dismisses') < 0.3 then m.dismissed_at end
    from (
        select
            p.student_id, k.n, k.key, d.now, (d.day + time '06:30') at time zone zone as created_at,
            (d.day + time '08:00') at time zone zone + ops.seed_number(k.key, 'dismisses when') * interval '40 hours' as dismissed_at
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
        cross join lateral (select n, p.things_key + n as key from generate_series(1, 2) as n) as k
        cross join lateral (
            select today - 1 - floor(9 * ops.seed_number(k.key, 'nudged on'))::integer as day, today::timestamp at time zone zone as now
        ) as d
        where ops.seed_number(k.key, 'is nudged') < 0.6 and p.left_on is null
    ) as m;

    -- A third are free; of the others some have expired and some never end. Some have premium features for a while all the same. Of
    -- the first two students, whom a demo shows, one is premium and one is free.
    insert into school.subscription (org_id, student_id, tier, ends_at, enhanced_until, source, external_id)
    select
        org, s.student_id, s.tier,
        case
            when s.tier = 'free' or s.dice >= 0.85 then null
            when s.dice < 0.1 and s.student > 2
                then (today - floor(40 * ops.seed_number(s.student_key, 'ended on'))::integer)::timestamp at time zone zone
            else (today + 3 + floor(180 * ops.seed_number(s.student_key, 'ends on'))::integer)::timestamp at time zone zone
        end,
        case
            when s.student <= 2 or s.tier = 'premium' and s.dice >= 0.05 or s.dice >= 0.2 then null
            when s.dice < 0.14
                then (today + 1 + floor(7 * ops.seed_number(s.student_key, 'enhanced until'))::integer)::timestamp at time zone zone
            else (today - floor(30 * ops.seed_number(s.student_key, 'enhanced until'))::integer)::timestamp at time zone zone
        end,
        'synthetic', s.student
    from (
        select
            p.student, p.student_id, p.student_key, ops.seed_number(p.student_key, 'subscription') as dice,
            case
                when p.student = 2 or p.student <> 1 and ops.seed_number(p.student_key, 'tier') < 1.0 / 3 then 'free'
                else 'premium'
            end as tier
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    ) as s;
end
$$;
comment on function ops.seed_messages(bigint, text, integer, integer, integer, date) is
'Says something to the students of some classes of a synthetic school, and lets them subscribe.';
revoke all on function ops.seed_messages(bigint, text, integer, integer, integer, date) from public;
