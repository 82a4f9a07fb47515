-- What a director's list and summary should say of each cohort, counted from the facts by SQL that shares nothing with triggers,
-- totals and dashboards: a plain subquery per number.
create schema tests_cohorts;

create view tests_cohorts.member as
select m.org_id, m.cohort_id, m.student_id, m.status, m.seat_pool, m.joined_at, c.track_id
from school.cohort_member as m
join school.cohort as c on c.org_id = m.org_id and c.id = m.cohort_id
where m.status in ('active', 'completed');

-- Attempts that count: at missions of the track that are no drafts.
create view tests_cohorts.attempt as
select m.org_id, m.cohort_id, a.*
from tests_cohorts.member as m
join school.mission as i on i.org_id = m.org_id and i.track_id = m.track_id and i.status in ('published', 'closed')
join lateral (
    select x.id, x.mission_id, x.student_id, x.state, x.submitted_at, x.reviewed_at
    from school.mission_attempt as x
    where x.org_id = m.org_id and x.student_id = m.student_id and x.mission_id = i.id
) as a on true;

create view tests_cohorts.portfolio as
select
    m.org_id, m.cohort_id, m.student_id,
    count(*) as items,
    count(*) filter (where p.state = 'approved') as approved,
    round(0.7 * coalesce(avg(p.quality), 0) + 0.3 * 100 * count(*) filter (where p.state = 'approved') / count(*), 2) as health
from tests_cohorts.member as m
join school.portfolio_item as p on p.org_id = m.org_id and p.student_id = m.student_id
group by m.org_id, m.cohort_id, m.student_id;

create view tests_cohorts.numbers as
select
    c.org_id, c.id as cohort_id, c.name, c.status, c.mode, t.director_id, t.program_id, c.track_id,
    c.seats_paid + c.seats_scholarship + c.seats_sponsored as seats_total,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id) as seats_used,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id and m.seat_pool = 'paid') as used_paid,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id and m.seat_pool = 'scholarship')
        as used_scholarship,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id and m.seat_pool = 'sponsored')
        as used_sponsored,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id and m.status = 'active') as active,
    r.readiness_sum, r.readiness_students,
    (select count(*) from tests_cohorts.attempt as a where a.org_id = c.org_id and a.cohort_id = c.id and a.state = 'approved') as approved,
    (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id) * (
        select count(*) from school.mission as i
        where i.org_id = c.org_id and i.track_id = c.track_id and i.status in ('published', 'closed')
    ) as missions_due,
    (select coalesce(sum(p.health), 0) from tests_cohorts.portfolio as p where p.org_id = c.org_id and p.cohort_id = c.id) as health_sum,
    (select count(*) from tests_cohorts.portfolio as p where p.org_id = c.org_id and p.cohort_id = c.id) as portfolios,
    least(
        (select count(*) from tests_cohorts.member as m where m.org_id = c.org_id and m.cohort_id = c.id and m.status = 'active'),
        25 * (select count(*) from school.cohort_mentor as o where o.org_id = c.org_id and o.cohort_id = c.id)
    ) as covered,
    (select count(*) from school.mentor_session as s where s.org_id = c.org_id and s.cohort_id = c.id and s.status = 'held') as held,
    (select count(*) from school.mentor_session as s where s.org_id = c.org_id and s.cohort_id = c.id and s.status = 'missed') as missed,
    (
        select coalesce(sum(p.amount), 0)
        from school.payment as p
        where p.org_id = c.org_id and p.cohort_id = c.id and p.status = 'paid'
            and date_trunc('month', p.paid_on) = date_trunc('month', now() at time zone o.time_zone)
    ) as revenue,
    (
        select coalesce(sum(f.amount), 0)
        from school.refund as f
        where f.org_id = c.org_id and f.cohort_id = c.id
            and date_trunc('month', f.refunded_on) = date_trunc('month', now() at time zone o.time_zone)
    ) as refunded,
    (
        select count(*)
        from school.payment as p
        where p.org_id = c.org_id and p.cohort_id = c.id and p.status = 'due' and p.due_on < (now() at time zone o.time_zone)::date
    ) as overdue,
    (
        select count(*)
        from tests_cohorts.attempt as a
        where a.org_id = c.org_id and a.cohort_id = c.id and a.state in ('submitted', 'in_review')
            and a.submitted_at < now() - interval '7 days'
    ) as stalled
from school.cohort as c
join school.organization as o on o.org_id = c.org_id
join school.track as t on t.org_id = c.org_id and t.id = c.track_id
cross join lateral (
    select coalesce(sum(n.score), 0) as readiness_sum, count(n.score) as readiness_students
    from (
        select distinct on (s.student_id) s.score
        from tests_cohorts.member as m
        join school.readiness_score as s on s.org_id = m.org_id and s.student_id = m.student_id
        where m.org_id = c.org_id and m.cohort_id = c.id
        order by s.student_id, s.scored_at desc
    ) as n
) as r;

create function tests_cohorts.percent(part numeric, whole numeric) returns numeric
language sql immutable parallel safe
return round(100 * part / nullif(whole, 0), 2);

-- A list's items, by cohort.
create view tests_cohorts.item as
select
    n.org_id, n.cohort_id, n.director_id,
    json_build_object(
        'name', n.name, 'status', n.status, 'mode', n.mode,
        'seats', json_build_object(
            'total', n.seats_total, 'used', n.seats_used, 'utilization', tests_cohorts.percent(n.seats_used, n.seats_total),
            'paid', json_build_object('total', c.seats_paid, 'used', n.used_paid),
            'scholarship', json_build_object('total', c.seats_scholarship, 'used', n.used_scholarship),
            'sponsored', json_build_object('total', c.seats_sponsored, 'used', n.used_sponsored)
        ),
        'readiness', round(n.readiness_sum / nullif(n.readiness_students, 0), 2),
        'completion_rate', tests_cohorts.percent(n.approved, n.missions_due),
        'portfolio_health', round(n.health_sum / nullif(n.portfolios, 0), 2),
        'mentor_coverage', tests_cohorts.percent(n.covered, n.active),
        'session_completion', tests_cohorts.percent(n.held, n.held + n.missed),
        'flags', case when n.status <> 'active' then '{}' else array_remove(array[
            case when round(n.readiness_sum / nullif(n.readiness_students, 0), 2) < 50 then 'below_readiness' end,
            case when tests_cohorts.percent(n.covered, n.active) < 80 then 'low_coverage' end,
            case when n.seats_used > n.seats_total and n.seats_total > 0 then 'over_capacity' end,
            case when n.overdue > 0 then 'payments_overdue' end,
            case when n.stalled > 0 then 'stalled_reviews' end
        ], null) end
    ) as item
from tests_cohorts.numbers as n
join school.cohort as c on c.org_id = n.org_id and c.id = n.cohort_id;

-- The summary of a director, or with null of an admin.
create function tests_cohorts.summary(org bigint, director uuid) returns json
language sql stable parallel safe
as $$
    select json_build_object(
        'active_programs_count', (
            select count(distinct p.id)
            from school.program as p
            join school.track as t on t.org_id = p.org_id and t.program_id = p.id
            where p.org_id = org and p.is_active and (director is null or t.director_id = director)
        ),
        'active_cohorts_count', count(*) filter (where n.status = 'active'),
        'total_seats', coalesce(sum(n.seats_total) filter (where n.status = 'active'), 0),
        'seats_used', coalesce(sum(n.seats_used) filter (where n.status = 'active'), 0),
        'seat_utilization', tests_cohorts.percent(
            sum(n.seats_used) filter (where n.status = 'active'), sum(n.seats_total) filter (where n.status = 'active')
        ),
        'avg_readiness', round(
            sum(n.readiness_sum) filter (where n.status = 'active')
            / nullif(sum(n.readiness_students) filter (where n.status = 'active'), 0), 2
        ),
        'avg_completion_rate', tests_cohorts.percent(
            sum(n.approved) filter (where n.status = 'active'), sum(n.missions_due) filter (where n.status = 'active')
        ),
        'mentor_coverage_pct', tests_cohorts.percent(
            sum(n.covered) filter (where n.status = 'active'), sum(n.active) filter (where n.status = 'active')
        ),
        'mentor_session_completion_pct', tests_cohorts.percent(
            sum(n.held) filter (where n.status = 'active'), sum(n.held + n.missed) filter (where n.status = 'active')
        ),
        'avg_portfolio_health', round(
            sum(n.health_sum) filter (where n.status = 'active') / nullif(sum(n.portfolios) filter (where n.status = 'active'), 0), 2
        ),
        'revenue_this_month', coalesce(sum(n.revenue), 0),
        'refunds_this_month', coalesce(sum(n.refunded), 0)
    )
    from tests_cohorts.numbers as n
    where n.org_id = org and (director is null or n.director_id = director)
$$;

create function tests_cohorts.quantile(fraction double precision, numbers numeric[]) returns numeric
language sql immutable parallel safe
return (select round((percentile_cont(fraction) within group (order by n))::numeric, 2) from unnest(numbers) as n);

create function tests_cohorts.pools(org bigint, cohort uuid, monday date) returns json
language sql stable parallel safe
return (
    select json_object_agg(s.status, (
        select json_object_agg(k.pool, (
            select count(*)
            from school.cohort_member as m
            join school.organization as o on o.org_id = m.org_id
            where m.org_id = org and m.cohort_id = cohort and m.status = s.status and m.seat_pool = k.pool
                and (monday is null or date_trunc('week', m.joined_at at time zone o.time_zone)::date = monday)
        ))
        from unnest(array['paid', 'scholarship', 'sponsored']) as k (pool)
    ))
    from unnest(array['active', 'completed', 'withdrawn']) as s (status)
);

create function tests_cohorts.paid(org bigint, cohort uuid, wanted text, before date) returns json
language sql stable parallel safe
return (
    select json_build_object('count', count(*), 'amount', coalesce(sum(p.amount), 0))
    from school.payment as p
    where p.org_id = org and p.cohort_id = cohort and p.status = wanted and (before is null or p.due_on < before)
);

create function tests_cohorts.states(org bigint, cohort uuid, states text[]) returns bigint
language sql stable parallel safe
return (
    select count(*) from tests_cohorts.attempt as a where a.org_id = org and a.cohort_id = cohort and a.state = any (states)
);

-- What a cohort's page says besides.
create view tests_cohorts.page as
select
    c.org_id, c.id as cohort_id,
    json_build_object(
        'enrollment', json_build_object(
            'by_status', tests_cohorts.pools(c.org_id, c.id, null),
            'by_week', (
                select coalesce(json_agg(json_build_object(
                    'week', w.week, 'joined', w.joined, 'by_status', tests_cohorts.pools(c.org_id, c.id, w.week)
                ) order by w.week), '[]')
                from (
                    select date_trunc('week', m.joined_at at time zone o.time_zone)::date as week, count(*) as joined
                    from school.cohort_member as m
                    where m.org_id = c.org_id and m.cohort_id = c.id
                    group by 1
                ) as w
            )
        ),
        'mentors', (
            select coalesce(json_agg(json_build_object(
                'id', p.id, 'name', p.name,
                'load', round(
                    n.active::numeric
                    / (select count(*) from school.cohort_mentor as x where x.org_id = c.org_id and x.cohort_id = c.id), 2
                ),
                'sessions_held', t.held, 'sessions_missed', t.missed, 'rating', t.rating
            ) order by p.name, p.id), '[]')
            from school.cohort_mentor as m
            join school.person as p on p.org_id = m.org_id and p.id = m.mentor_id
            cross join lateral (
                select
                    count(*) filter (where s.status = 'held') as held, count(*) filter (where s.status = 'missed') as missed,
                    round(avg(s.rating), 2) as rating
                from school.mentor_session as s
                where s.org_id = m.org_id and s.cohort_id = m.cohort_id and s.mentor_id = m.mentor_id
            ) as t
            where m.org_id = c.org_id and m.cohort_id = c.id
        ),
        'readiness_distribution', json_build_object(
            'students', cardinality(r.scores),
            'bins', (
                select json_agg(json_build_object('at_least', b, 'below', b + 10, 'students', (
                    select count(*) from unnest(r.scores) as s where s >= b and (s < b + 10 or b = 90)
                )) order by b)
                from generate_series(0, 90, 10) as b
            ),
            'lower_quartile', tests_cohorts.quantile(0.25, r.scores), 'median', tests_cohorts.quantile(0.5, r.scores),
            'upper_quartile', tests_cohorts.quantile(0.75, r.scores)
        ),
        'competency_heatmap', (
            select coalesce(json_agg(json_build_object(
                'id', k.id, 'name', k.name, 'required_level', round(k.required_level, 2), 'students', cardinality(l.levels),
                'reached', (select count(*) from unnest(l.levels) as v where v >= k.required_level),
                'average', (select round(avg(v), 2) from unnest(l.levels) as v),
                'levels', (
                    select json_agg((select count(*) from unnest(l.levels) as v where v >= b and (v < b + 10 or b = 90)) order by b)
                    from generate_series(0, 90, 10) as b
                )
            ) order by k.name, k.id), '[]')
            from school.competency as k
            cross join lateral (
                select coalesce(array_agg(s.level), '{}') as levels
                from tests_cohorts.member as m
                join school.competency_score as s
                    on s.org_id = m.org_id and s.student_id = m.student_id and s.competency_id = k.id
                where m.org_id = c.org_id and m.cohort_id = c.id
            ) as l
            where k.org_id = c.org_id and k.track_id = c.track_id
        ),
        'mission_funnel', json_build_object(
            'started', tests_cohorts.states(c.org_id, c.id, '{started,submitted,in_review,approved,rejected}'),
            'submitted', tests_cohorts.states(c.org_id, c.id, '{submitted,in_review,approved,rejected}'),
            'in_review', tests_cohorts.states(c.org_id, c.id, '{in_review,approved,rejected}'),
            'approved', tests_cohorts.states(c.org_id, c.id, '{approved}'),
            'rejected', tests_cohorts.states(c.org_id, c.id, '{rejected}'),
            'states', json_build_object(
                'started', tests_cohorts.states(c.org_id, c.id, '{started}'),
                'submitted', tests_cohorts.states(c.org_id, c.id, '{submitted}'),
                'in_review', tests_cohorts.states(c.org_id, c.id, '{in_review}'),
                'approved', tests_cohorts.states(c.org_id, c.id, '{approved}'),
                'rejected', tests_cohorts.states(c.org_id, c.id, '{rejected}')
            ),
            'median_approval_hours', tests_cohorts.quantile(0.5, array(
                select extract(epoch from a.reviewed_at - a.submitted_at) / 3600
                from tests_cohorts.attempt as a
                where a.org_id = c.org_id and a.cohort_id = c.id and a.state = 'approved'
            ))
        ),
        'portfolio', (
            select json_build_object(
                'students', (select count(*) from tests_cohorts.portfolio as p where p.org_id = c.org_id and p.cohort_id = c.id),
                'items', count(*), 'draft', count(*) filter (where p.state = 'draft'),
                'submitted', count(*) filter (where p.state = 'submitted'), 'in_review', count(*) filter (where p.state = 'in_review'),
                'approved', count(*) filter (where p.state = 'approved'), 'rejected', count(*) filter (where p.state = 'rejected'),
                'quality', round(avg(p.quality), 2)
            )
            from tests_cohorts.member as m
            join school.portfolio_item as p on p.org_id = m.org_id and p.student_id = m.student_id
            where m.org_id = c.org_id and m.cohort_id = c.id
        ),
        'payments', json_build_object(
            'currency', o.currency,
            'paid', tests_cohorts.paid(c.org_id, c.id, 'paid', null), 'due', tests_cohorts.paid(c.org_id, c.id, 'due', null),
            'overdue', tests_cohorts.paid(c.org_id, c.id, 'due', (now() at time zone o.time_zone)::date),
            'refunded', (
                select json_build_object('count', count(*), 'amount', coalesce(sum(f.amount), 0))
                from school.refund as f
                where f.org_id = c.org_id and f.cohort_id = c.id
            )
        )
    ) as page
from school.cohort as c
join school.organization as o on o.org_id = c.org_id
join tests_cohorts.numbers as n on n.org_id = c.org_id and n.cohort_id = c.id
cross join lateral (
    select array(
        select distinct on (s.student_id) s.score
        from tests_cohorts.member as m
        join school.readiness_score as s on s.org_id = m.org_id and s.student_id = m.student_id
        where m.org_id = c.org_id and m.cohort_id = c.id
        order by s.student_id, s.scored_at desc
    ) as scores
) as r;
