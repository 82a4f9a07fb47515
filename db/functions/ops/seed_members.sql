create or replace function ops.seed_members(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- Who leaves the school withdraws. Of a class 18 pay, seven have a scholarship, five a sponsor.
    insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool, status, joined_at, source, external_id)
    select
        org, c.cohort_id, p.student_id,
        case when p.student * 7 % 30 < 18 then 'paid' when p.student * 7 % 30 < 25 then 'scholarship' else 'sponsored' end,
        case when p.left_on is null then 'active' else 'withdrawn' end,
        (c.starts_on - floor(14 * ops.seed_number(p.student_key, 'joins when'))::integer + time '10:00') at time zone zone,
        'synthetic', p.student
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    join ops.seed_cohort_plan(school_name, first_class, last_class, today) as c on c.cohort = p.cohort;

    insert into school.session_attendance (org_id, session_id, student_id, joined_at)
    select
        org, s.session_id, p.student_id,
        (s.held_on + time '17:00') at time zone zone + (ops.seed_number(k.key, 'comes when') - 0.3) * interval '12 minutes'
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    join ops.seed_session_plan(school_name, first_class, last_class, today) as s on s.cohort = p.cohort
    cross join lateral (select p.things_key + s.week + 8 as key) as k
    where s.status = 'held' and (s.held_on < p.left_on or p.left_on is null)
        and ops.seed_number(k.key, 'comes') < 0.6 + 0.35 * p.level;

    -- Each member met the mentor alone within the last four weeks; a third will in the next two.
    with meeting as (
        insert into school.mentor_session (
            org_id, id, cohort_id, mentor_id, student_id, title, starts_at, ends_at, status, url, rating
        )
        select
            org, m.id, m.cohort_id, ops.seed_id(school_name, 'mentor', m.mentor), m.student_id, 'One to one',
            m.starts_at, m.starts_at + interval '30 minutes', m.status, 'https://meet.example.org/' || m.id,
            case
                when m.status = 'held' and ops.seed_number(m.key, 'is rated') < 0.6
                    then round((3 + 2 * ops.seed_number(m.key, 'rating'))::numeric, 1)
            end
        from (
            select
                md5(p.student_id::text || '/meeting/' || k.n)::uuid as id, c.cohort_id, c.mentor, p.student_id, k.key,
                (d.day + time '14:00') at time zone zone
                + floor(5 * ops.seed_number(k.key, 'meets at')) * interval '30 minutes' as starts_at,
                case
                    when d.day >= today then 'scheduled'
                    when ops.seed_number(k.key, 'takes place') < 0.88 then 'held'
                    when ops.seed_number(k.key, 'takes place') < 0.96 then 'missed'
                    else 'cancelled'
                end as status
            from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
            join ops.seed_cohort_plan(school_name, first_class, last_class, today) as c on c.cohort = p.cohort
            cross join lateral (select n, p.things_key + n as key from generate_series(0, 1) as n) as k
            cross join lateral (
                select case k.n
                    when 0 then today - 1 - floor(28 * ops.seed_number(k.key, 'meets on'))::integer
                    else today + 1 + floor(14 * ops.seed_number(k.key, 'meets on'))::integer
                end as day
            ) as d
            where (k.n = 0 or ops.seed_number(k.key, 'meets') < 0.33) and (d.day < p.left_on or p.left_on is null)
        ) as m
        returning id, student_id, starts_at, status
    )
    insert into school.session_attendance (org_id, session_id, student_id, joined_at)
    select org, m.id, m.student_id, m.starts_at + interval '1 minute'
    from meeting as m
    where m.status = 'held';
end
$$;
comment on function ops.seed_members(bigint, text, integer, integer, integer, date) is
'Lets the students of some classes of a synthetic school be members of their cohorts and meet their mentors.';
revoke all on function ops.seed_members(bigint, text, integer, integer, integer, date) from public;
