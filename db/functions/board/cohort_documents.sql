create or replace function board.cohort_documents(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
set jit = off
-- As board.cohort_states does.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    most_months constant integer := 24;
    clock record := board.clock(org);
    money constant text := (select o.currency from school.organization as o where o.org_id = org);
    tracks constant uuid[] := array(
        select distinct c.track_id from school.cohort as c where c.org_id = org and c.id = any (cohorts)
    );
    -- Who counts: active and completed members.
    students constant uuid[] := array(
        select distinct m.student_id
        from school.cohort_member as m
        where m.org_id = org and m.cohort_id = any (cohorts) and m.status <> 'withdrawn'
    );
begin
    return query
    with member as materialized (
        select
            m.cohort_id, m.student_id, c.track_id, m.status, m.seat_pool,
            date_trunc('week', m.joined_at at time zone clock.zone)::date as week
        from school.cohort_member as m
        join school.cohort as c on c.org_id = org and c.id = m.cohort_id and c.id = any (cohorts)
        where m.org_id = org and m.cohort_id = any (cohorts)
    ),
    -- Of each week, and of all together.
    enrolled as materialized (
        select m.cohort_id, m.week, grouping(m.week) = 1 as is_all, count(*) as students, json_build_object(
            'active', json_build_object(
                'paid', count(*) filter (where m.status = 'active' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'active' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'active' and m.seat_pool = 'sponsored')
            ),
            'completed', json_build_object(
                'paid', count(*) filter (where m.status = 'completed' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'completed' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'completed' and m.seat_pool = 'sponsored')
            ),
            'withdrawn', json_build_object(
                'paid', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'sponsored')
            )
        ) as said
        from member as m
        group by grouping sets ((m.cohort_id), (m.cohort_id, m.week))
    ),
    joined as (
        select
            e.cohort_id,
            json_agg(json_build_object('week', e.week, 'joined', e.students, 'by_status', e.said) order by e.week) as said
        from enrolled as e
        where not e.is_all
        group by e.cohort_id
    ),
    mentor as materialized (
        select m.cohort_id, p.id, p.name
        from school.cohort_mentor as m
        join school.person as p on p.org_id = org and p.id = m.mentor_id and p.id = any (
            array(select n.mentor_id from school.cohort_mentor as n where n.org_id = org and n.cohort_id = any (cohorts))
        )
        where m.org_id = org and m.cohort_id = any (cohorts)
    ),
    met as (
        select
            s.cohort_id, s.mentor_id, count(*) filter (where s.status = 'held') as held,
            count(*) filter (where s.status = 'missed') as missed, round(avg(s.rating), 2) as rating
        from school.mentor_session as s
        where s.org_id = org and s.cohort_id = any (cohorts)
        group by s.cohort_id, s.mentor_id
    ),
    load as (
        select a.cohort_id, round(a.students::numeric / nullif(b.mentors, 0), 2) as students
        from (select m.cohort_id, count(*) filter (where m.status = 'active') as students from member as m group by m.cohort_id) as a
        join (select m.cohort_id, count(*) as mentors from mentor as m group by m.cohort_id) as b on b.cohort_id = a.cohort_id
    ),
    mentored as (
        select m.cohort_id, array_agg(m.id) as ids, json_agg(json_build_object(
            'id', m.id, 'name', m.name, 'load', coalesce(l.students, 0), 'sessions_held', coalesce(s.held, 0),
            'sessions_missed', coalesce(s.missed, 0), 'rating', s.rating
        ) order by m.name, m.id) as said
        from mentor as m
        left join load as l on l.cohort_id = m.cohort_id
        left join met as s on s.cohort_id = m.cohort_id and s.mentor_id = m.id
        group by m.cohort_id
    ),
    score as (
        select distinct on (r.student_id) r.student_id, r.score
        from school.readiness_score as r
        where r.org_id = org and r.student_id = any (students)
        order by r.student_id, r.scored_at desc
    ),
    scored as (
        select m.cohort_id, array_agg(s.score order by s.score) as sorted
        from member as m
        join score as s on s.student_id = m.student_id
        where m.status <> 'withdrawn'
        group by m.cohort_id
    ),
    readiness as (
        select s.cohort_id, json_build_object(
            'students', cardinality(s.sorted),
            'bins', (
                select json_agg(json_build_object(
                    'at_least', 10 * b.place - 10, 'below', 10 * b.place, 'students', coalesce(n.students, 0)
                ) order by b.place)
                from generate_series(1, 10) as b (place)
                left join (
                    -- A hundred is in the last.
                    select least(width_bucket(v.score, 0, 100, 10), 10) as place, count(*) as students
                    from unnest(s.sorted) as v (score)
                    group by 1
                ) as n on n.place = b.place
            ),
            'lower_quartile', round(board.quantile(s.sorted, 0.25), 2),
            'median', round(board.quantile(s.sorted, 0.5), 2),
            'upper_quartile', round(board.quantile(s.sorted, 0.75), 2)
        ) as said
        from (
            select c.id as cohort_id, coalesce(n.sorted, '{}') as sorted
            from unnest(cohorts) as c (id)
            left join scored as n on n.cohort_id = c.id
        ) as s
    ),
    competency as materialized (
        select c.id, c.track_id, c.name, c.required_level
        from school.competency as c
        where c.org_id = org and c.track_id = any (tracks)
    ),
    assessed as (
        select
            m.cohort_id, s.competency_id, count(*) as students, sum(s.level) as levels,
            count(*) filter (where s.level >= c.required_level) as reached,
            array[
                count(*) filter (where s.level < 10), count(*) filter (where s.level >= 10 and s.level < 20),
                count(*) filter (where s.level >= 20 and s.level < 30), count(*) filter (where s.level >= 30 and s.level < 40),
                count(*) filter (where s.level >= 40 and s.level < 50), count(*) filter (where s.level >= 50 and s.level < 60),
                count(*) filter (where s.level >= 60 and s.level < 70), count(*) filter (where s.level >= 70 and s.level < 80),
                count(*) filter (where s.level >= 80 and s.level < 90), count(*) filter (where s.level >= 90)
            ] as bins
        from school.competency_score as s
        join competency as c on c.id = s.competency_id
        join member as m on m.student_id = s.student_id and m.track_id = c.track_id and m.status <> 'withdrawn'
        where s.org_id = org and s.student_id = any (students)
        group by m.cohort_id, s.competency_id
    ),
    heat as (
        select k.id as cohort_id, json_agg(json_build_object(
            'id', c.id, 'name', c.name, 'required_level', round(c.required_level, 2), 'students', coalesce(a.students, 0),
            'reached', coalesce(a.reached, 0), 'average', board.average(a.levels, a.students),
            'levels', coalesce(a.bins, array_fill(bigint '0', array[10]))
        ) order by c.name, c.id) as said
        from school.cohort as k
        join competency as c on c.track_id = k.track_id
        left join assessed as a on a.cohort_id = k.id and a.competency_id = c.id
        where k.org_id = org and k.id = any (cohorts)
        group by k.id
    ),
    mission as (
        select i.id, i.track_id
        from school.mission as i
        where i.org_id = org and i.track_id = any (tracks) and i.status <> 'draft'
    ),
    attempted as (
        select
            m.cohort_id, count(*) filter (where a.state = 'started') as started, count(*) filter (where a.state = 'submitted') as submitted,
            count(*) filter (where a.state = 'in_review') as in_review, count(*) filter (where a.state = 'approved') as approved,
            count(*) filter (where a.state = 'rejected') as rejected,
            array_agg(extract(epoch from a.reviewed_at - a.submitted_at) / 3600 order by a.reviewed_at - a.submitted_at)
                filter (where a.state = 'approved') as hours
        from school.mission_attempt as a
        join mission as i on i.id = a.mission_id
        join member as m on m.student_id = a.student_id and m.track_id = i.track_id and m.status <> 'withdrawn'
        where a.org_id = org and a.student_id = any (students)
        group by m.cohort_id
    ),
    shown as (
        select
            m.cohort_id, count(distinct i.student_id) as students, count(*) as items,
            count(*) filter (where i.state = 'draft') as draft, count(*) filter (where i.state = 'submitted') as submitted,
            count(*) filter (where i.state = 'in_review') as in_review, count(*) filter (where i.state = 'approved') as approved,
            count(*) filter (where i.state = 'rejected') as rejected, round(avg(i.quality), 2) as quality
        from school.portfolio_item as i
        join member as m on m.student_id = i.student_id and m.status <> 'withdrawn'
        where i.org_id = org and i.student_id = any (students)
        group by m.cohort_id
    ),
    monthly as (
        select t.cohort_id, json_agg(json_build_object(
            'month', t.month, 'payments_paid', t.payments_paid, 'paid', t.paid_amount, 'refunds', t.refunds, 'refunded', t.refunded_amount
        ) order by t.month) as said
        from (
            select t.*, row_number() over (partition by t.cohort_id order by t.month desc) as place
            from board.cohort_month_total as t
            where t.org_id = org and t.cohort_id = any (cohorts) and (t.payments_paid <> 0 or t.refunds <> 0)
        ) as t
        where t.place <= most_months
        group by t.cohort_id
    ),
    ahead as (
        select l.cohort_id, min(l.due_at) as due_at
        from school.milestone as l
        where l.org_id = org and l.cohort_id = any (cohorts) and l.due_at > now()
        group by l.cohort_id
    )
    select
        s.cohort_id,
        json_build_object(
            'cohort', h.item,
            'enrollment', json_build_object(
                'by_status', coalesce(e.said, '{"active": {"paid": 0, "scholarship": 0, "sponsored": 0}, '
                '"completed": {"paid": 0, "scholarship": 0, "sponsored": 0}, "withdrawn": {"paid": 0, "scholarship": 0, "sponsored": 0}}'),
                'by_week', coalesce(j.said, '[]')
            ),
            'mentors', coalesce(g.said, '[]'),
            'readiness_distribution', r.said,
            'competency_heatmap', coalesce(k.said, '[]'),
            'mission_funnel', json_build_object(
                'started', s.missions_started + s.missions_submitted + s.missions_in_review + s.missions_approved + s.missions_rejected,
                'submitted', s.missions_submitted + s.missions_in_review + s.missions_approved + s.missions_rejected,
                'in_review', s.missions_in_review + s.missions_approved + s.missions_rejected,
                'approved', s.missions_approved,
                'rejected', s.missions_rejected,
                'states', json_build_object(
                    'started', coalesce(a.started, 0), 'submitted', coalesce(a.submitted, 0), 'in_review', coalesce(a.in_review, 0),
                    'approved', coalesce(a.approved, 0), 'rejected', coalesce(a.rejected, 0)
                ),
                'median_approval_hours', round(board.quantile(a.hours, 0.5), 2)
            ),
            'portfolio', json_build_object(
                'health', s.portfolio_health, 'students', coalesce(f.students, 0),
                'students_without', s.members_active + s.members_completed - coalesce(f.students, 0),
                'items', coalesce(f.items, 0), 'draft', coalesce(f.draft, 0), 'submitted', coalesce(f.submitted, 0),
                'in_review', coalesce(f.in_review, 0), 'approved', coalesce(f.approved, 0), 'rejected', coalesce(f.rejected, 0),
                'quality', f.quality
            ),
            'payments', json_build_object(
                'currency', money,
                'paid', json_build_object('count', s.payments_paid, 'amount', s.paid_amount),
                'due', json_build_object('count', s.payments_due, 'amount', s.due_amount),
                'overdue', json_build_object('count', s.payments_overdue, 'amount', s.overdue_amount),
                'refunded', json_build_object('count', s.refunds, 'amount', s.refunded_amount),
                'by_month', coalesce(m.said, '[]')
            ),
            'alerts', coalesce(x.alerts, '[]')
        ),
        coalesce(g.ids, '{}') || s.track_id,
        least(now() + interval '15 minutes', s.changes_at, n.due_at),
        board.snapshot()
    from board.cohort_states(org, cohorts) as s
    left join board.cohort_items(org, cohorts) as h on h.cohort_id = s.cohort_id
    left join board.cohort_alerts(org, cohorts) as x on x.cohort_id = s.cohort_id
    left join enrolled as e on e.cohort_id = s.cohort_id and e.is_all
    left join joined as j on j.cohort_id = s.cohort_id
    left join mentored as g on g.cohort_id = s.cohort_id
    left join readiness as r on r.cohort_id = s.cohort_id
    left join heat as k on k.cohort_id = s.cohort_id
    left join attempted as a on a.cohort_id = s.cohort_id
    left join shown as f on f.cohort_id = s.cohort_id
    left join monthly as m on m.cohort_id = s.cohort_id
    left join ahead as n on n.cohort_id = s.cohort_id;
end
$$;
comment on function board.cohort_documents(bigint, uuid[]) is
'The pages of cohorts as of now, for one or for many, as board.director_cohort_dashboard keeps them. cohort: the cohort as the list shows it
(board.cohort_items). enrollment: members by status and seat pool, all together and by
the week (from Monday, the organization''s) in which they joined. mentors: by
name; load, active members for each mentor of the cohort; sessions held and missed and the mean rating, in this cohort. readiness_distribution: the members''
newest scores in ten bins (the last one with 100), median and quartiles. competency_heatmap: of each competency of the track, by name, the members assessed, how
many reach the required level, their mean, and how many are at each tenth. mission_funnel: how many attempts came at least so far; states: where
they stand; the median of the hours from handing in to approval. portfolio: items by state, mean quality, and health. payments: counts and amounts in the
currency, and by month (the latest 24 in which money moved). alerts: those that are open. Where an average speaks of members, they are the active and the completed.';
revoke all on function board.cohort_documents(bigint, uuid[]) from public;
