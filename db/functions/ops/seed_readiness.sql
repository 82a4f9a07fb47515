create or replace function ops.seed_readiness(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- Scored every week, each student on a day of the week.
    insert into school.readiness_score (org_id, id, student_id, scored_at, score)
    select
        org, md5(p.student_id::text || '/readiness/' || w)::uuid, p.student_id, (d.day + time '06:00') at time zone zone,
        ops.seed_readiness_score(p.student_key, p.things_key + w + 12, w)
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    cross join generate_series(-11, 0) as w
    cross join lateral (select today - 1 - p.student % 7 + 7 * w as day) as d
    where p.cohort is not null and (d.day < p.left_on or p.left_on is null)
    order by p.student_id, w;

    insert into school.competency_score (org_id, id, competency_id, student_id, level, assessed_at)
    select
        org, md5(p.student_id::text || '/competency/' || m.competency)::uuid, m.competency_id, p.student_id,
        round(greatest(0, least(100,
            m.required_level + 40 * (p.level - 0.55)::numeric + 30 * (ops.seed_number(k.key, 'is able') - 0.5)::numeric
        )), 1),
        (d.day + time '09:00') at time zone zone + ops.seed_number(k.key, 'assessed at') * interval '8 hours'
    from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
    join ops.seed_cohort_plan(school_name, first_class, last_class, today) as c on c.cohort = p.cohort
    join ops.seed_competency_plan(school_name) as m on m.track = c.track
    cross join lateral (select p.things_key + m.competency as key) as k
    cross join lateral (select today - 1 - floor(60 * ops.seed_number(k.key, 'assessed on'))::integer as day) as d
    where d.day < p.left_on or p.left_on is null;
end
$$;
comment on function ops.seed_readiness(bigint, text, integer, integer, integer, date) is
'Scores the students of some classes of a synthetic school: their readiness week by week, and what they are able to do.';
revoke all on function ops.seed_readiness(bigint, text, integer, integer, integer, date) from public;
