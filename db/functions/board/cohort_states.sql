create or replace function board.cohort_states(org bigint, cohorts uuid[], with_reviews boolean default true) returns table (
    cohort_id uuid, track_id uuid, program_id uuid, director_id uuid,
    name text, track_name text, program_name text, starts_on date, ends_on date, mode text, status text,
    seats_total bigint, seats_used bigint, seats_paid integer, seats_scholarship integer, seats_sponsored integer,
    used_paid bigint, used_scholarship bigint, used_sponsored bigint, seat_utilization numeric,
    members_active bigint, members_completed bigint, members_withdrawn bigint,
    readiness numeric, readiness_students bigint, readiness_sum numeric,
    completion_rate numeric, missions_due bigint,
    missions_started bigint, missions_submitted bigint, missions_in_review bigint, missions_approved bigint, missions_rejected bigint,
    approval_seconds numeric,
    portfolio_health numeric, portfolio_students bigint, portfolio_health_sum numeric, portfolio_items bigint, portfolio_approved bigint,
    mentors bigint, mentor_coverage numeric, students_covered bigint,
    session_completion numeric, sessions_scheduled bigint, sessions_held bigint, sessions_missed bigint, sessions_cancelled bigint,
    payments_due bigint, due_amount numeric, payments_overdue bigint, overdue_amount numeric,
    payments_paid bigint, paid_amount numeric, refunds bigint, refunded_amount numeric,
    revenue_month numeric, refunds_month numeric,
    stalled_reviews bigint, changes_at timestamptz
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
set jit = off
-- Everything is looked up by the array and joined here, which is larger than the planner takes it for: one plan serves one cohort and all.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_mergejoin = off
set max_parallel_workers_per_gather = 0
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    this_month constant date := date_trunc('month', clock.today::timestamp)::date;
    capacity constant numeric := ops.setting('mentor_capacity');
    tracks uuid[];
begin
    select array_agg(distinct c.track_id) into tracks
    from school.cohort as c
    where c.org_id = org and c.id = any (cohorts);

    return query
    with changed as materialized (
        select distinct d.cohort_id from board.cohort_delta as d where d.org_id = org and d.cohort_id = any (cohorts)
    ),
    -- Where nothing waits to be folded, the rollup is the total: thirty sums a cohort cost more than all else together.
    total as materialized (
        select r.*
        from board.cohort_rollup as r
        where r.org_id = org and r.cohort_id = any (cohorts) and r.cohort_id not in (select c.cohort_id from changed as c)
        union all
        select t.*
        from board.cohort_total as t
        where t.org_id = org and t.cohort_id = any (array(select c.cohort_id from changed as c))
    ),
    mentor as (
        select m.cohort_id, count(*) as mentors
        from school.cohort_mentor as m
        where m.org_id = org and m.cohort_id = any (cohorts)
        group by m.cohort_id
    ),
    offered as (
        select i.track_id, count(*) as missions
        from school.mission as i
        where i.org_id = org and i.track_id = any (tracks) and i.status <> 'draft'
        group by i.track_id
    ),
    overdue as (
        select p.cohort_id, count(*) as payments, sum(p.amount) as amount
        from school.payment as p
        where p.org_id = org and p.cohort_id = any (cohorts) and p.status = 'due' and p.due_on < clock.today
        group by p.cohort_id
    ),
    month as (
        select m.cohort_id, m.paid_amount, m.refunded_amount
        from board.cohort_month_total as m
        where m.org_id = org and m.cohort_id = any (cohorts) and m.month = this_month
    ),
    waiting as (
        select w.cohort_id, w.stalled_reviews, w.stalls_at
        from board.cohort_waiting(
            org, array(select t.cohort_id from total as t where with_reviews and t.missions_submitted + t.missions_in_review > 0)
        ) as w
    )
    select
        c.id, c.track_id, t.program_id, t.director_id,
        c.name, t.name, p.name, c.starts_on, c.ends_on, c.mode, c.status,
        s.seats, n.members, c.seats_paid, c.seats_scholarship, c.seats_sponsored,
        n.used_paid, n.used_scholarship, n.used_sponsored, board.share(n.members, s.seats),
        n.active, n.completed, n.withdrawn,
        round(n.readiness_sum / nullif(n.readiness_students, 0), 2), n.readiness_students, n.readiness_sum,
        board.share(n.approved, n.members * f.missions), n.members * f.missions,
        n.started, n.submitted, n.in_review, n.approved, n.rejected,
        n.approval_seconds,
        round(n.portfolio_health_sum / nullif(n.portfolio_students, 0), 2), n.portfolio_students, n.portfolio_health_sum,
        n.portfolio_items, n.portfolio_approved,
        r.mentors, board.share(v.covered, n.active), v.covered,
        board.share(n.held, n.held + n.missed), n.scheduled, n.held, n.missed, n.cancelled,
        n.payments_due, n.due_amount, coalesce(o.payments, 0), coalesce(o.amount, 0),
        n.payments_paid, n.paid_amount, n.refunds, n.refunded_amount,
        coalesce(m.paid_amount, 0), coalesce(m.refunded_amount, 0),
        case when with_reviews then coalesce(w.stalled_reviews, 0) end, least(clock.midnight, w.stalls_at)
    from school.cohort as c
    join school.track as t on t.org_id = org and t.id = c.track_id and t.id = any (tracks)
    join school.program as p on p.org_id = org and p.id = t.program_id
    left join total as k on k.cohort_id = c.id
    left join mentor as h on h.cohort_id = c.id
    left join offered as g on g.track_id = c.track_id
    left join overdue as o on o.cohort_id = c.id
    left join month as m on m.cohort_id = c.id
    left join waiting as w on w.cohort_id = c.id
    -- A cohort to which nothing has happened yet has zeros.
    cross join lateral (
        select
            coalesce(k.active, 0) as active, coalesce(k.completed, 0) as completed, coalesce(k.withdrawn, 0) as withdrawn,
            coalesce(k.active + k.completed, 0) as members,
            coalesce(k.used_paid, 0) as used_paid, coalesce(k.used_scholarship, 0) as used_scholarship,
            coalesce(k.used_sponsored, 0) as used_sponsored,
            coalesce(k.readiness_students, 0) as readiness_students, coalesce(k.readiness_sum, 0) as readiness_sum,
            coalesce(k.missions_started, 0) as started, coalesce(k.missions_submitted, 0) as submitted,
            coalesce(k.missions_in_review, 0) as in_review, coalesce(k.missions_approved, 0) as approved,
            coalesce(k.missions_rejected, 0) as rejected, coalesce(k.approval_seconds, 0) as approval_seconds,
            coalesce(k.portfolio_students, 0) as portfolio_students, coalesce(k.portfolio_health_sum, 0) as portfolio_health_sum,
            coalesce(k.portfolio_items, 0) as portfolio_items, coalesce(k.portfolio_approved, 0) as portfolio_approved,
            coalesce(k.sessions_scheduled, 0) as scheduled, coalesce(k.sessions_held, 0) as held,
            coalesce(k.sessions_missed, 0) as missed, coalesce(k.sessions_cancelled, 0) as cancelled,
            coalesce(k.payments_due, 0) as payments_due, coalesce(k.due_amount, 0) as due_amount,
            coalesce(k.payments_paid, 0) as payments_paid, coalesce(k.paid_amount, 0) as paid_amount,
            coalesce(k.refunds, 0) as refunds, coalesce(k.refunded_amount, 0) as refunded_amount
    ) as n
    cross join lateral (select c.seats_paid::bigint + c.seats_scholarship + c.seats_sponsored as seats) as s
    cross join lateral (select coalesce(g.missions, 0) as missions) as f
    cross join lateral (select coalesce(h.mentors, 0) as mentors) as r
    cross join lateral (select least(n.active, floor(r.mentors * capacity)::bigint) as covered) as v
    where c.org_id = org and c.id = any (cohorts);
end
$$;
comment on function board.cohort_states(bigint, uuid[], boolean) is
'How these cohorts stand at this moment, a row each, exact from the totals: seats, members, readiness, missions, portfolios, mentors, sessions, payments.
Where an average speaks of members, these are the active and the completed. Percentages have two decimals, rounded half up, and are null where there is
nothing to have a share of. Seats of a pool are seats_<pool>, taken used_<pool>. missions_due: members times missions of the track that are no drafts; the
five missions_<state> count attempts as they stand. students_covered: active members for whom there is room with a mentor (setting mentor_capacity each).
Overdue is what was due before the organization''s today; revenue_month and refunds_month are of its current month. stalled_reviews: attempts that have
waited for setting stalled_review_days; the one number that the members'' attempts have to be looked up for: null without with_reviews. changes_at: when time alone may change one of these next. The list, the summary, the alerts and
the pages say what this says.';
revoke all on function board.cohort_states(bigint, uuid[], boolean) from public;
