create or replace view board.cohort_rollup_recount
with (security_invoker = true) as
select
    f.org_id, f.cohort_id,
    sum(f.active)::bigint as active,
    sum(f.completed)::bigint as completed,
    sum(f.withdrawn)::bigint as withdrawn,
    sum(f.used_paid)::bigint as used_paid,
    sum(f.used_scholarship)::bigint as used_scholarship,
    sum(f.used_sponsored)::bigint as used_sponsored,
    sum(f.readiness_students)::bigint as readiness_students,
    sum(f.readiness_sum) as readiness_sum,
    sum(f.missions_started)::bigint as missions_started,
    sum(f.missions_submitted)::bigint as missions_submitted,
    sum(f.missions_in_review)::bigint as missions_in_review,
    sum(f.missions_approved)::bigint as missions_approved,
    sum(f.missions_rejected)::bigint as missions_rejected,
    sum(f.approval_seconds) as approval_seconds,
    sum(f.portfolio_students)::bigint as portfolio_students,
    sum(f.portfolio_health_sum) as portfolio_health_sum,
    sum(f.portfolio_items)::bigint as portfolio_items,
    sum(f.portfolio_approved)::bigint as portfolio_approved,
    sum(f.sessions_scheduled)::bigint as sessions_scheduled,
    sum(f.sessions_held)::bigint as sessions_held,
    sum(f.sessions_missed)::bigint as sessions_missed,
    sum(f.sessions_cancelled)::bigint as sessions_cancelled,
    sum(f.payments_due)::bigint as payments_due,
    sum(f.due_amount) as due_amount,
    sum(f.payments_paid)::bigint as payments_paid,
    sum(f.paid_amount) as paid_amount,
    sum(f.refunds)::bigint as refunds,
    sum(f.refunded_amount) as refunded_amount
from (
    select
        org_id, cohort_id,
        active, completed, withdrawn, used_paid, used_scholarship, used_sponsored, readiness_students, readiness_sum,
        missions_started, missions_submitted, missions_in_review, missions_approved, missions_rejected,
        approval_seconds, portfolio_students, portfolio_health_sum, portfolio_items, portfolio_approved,
        0 as sessions_scheduled, 0 as sessions_held, 0 as sessions_missed, 0 as sessions_cancelled,
        0 as payments_due, 0::numeric as due_amount,
        0 as payments_paid, 0::numeric as paid_amount, 0 as refunds, 0::numeric as refunded_amount
    from board.cohort_member_progress_recount
    union all
    select
        org_id, cohort_id,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        (status = 'scheduled')::integer, (status = 'held')::integer, (status = 'missed')::integer, (status = 'cancelled')::integer,
        0, 0, 0, 0, 0, 0
    from school.mentor_session
    union all
    select
        org_id, cohort_id,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0,
        (status = 'due')::integer, case when status = 'due' then amount else 0 end,
        (status = 'paid')::integer, case when status = 'paid' then amount else 0 end, 0, 0
    from school.payment
    union all
    select
        org_id, cohort_id,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 1, amount
    from school.refund
) as f
group by f.org_id, f.cohort_id;
comment on view board.cohort_rollup_recount is 'What board.cohort_rollup and its deltas should add up to, counted from the facts.';
