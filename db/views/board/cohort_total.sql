create or replace view board.cohort_total
with (security_invoker = true) as
select
    t.org_id, t.cohort_id,
    sum(t.active)::bigint as active,
    sum(t.completed)::bigint as completed,
    sum(t.withdrawn)::bigint as withdrawn,
    sum(t.used_paid)::bigint as used_paid,
    sum(t.used_scholarship)::bigint as used_scholarship,
    sum(t.used_sponsored)::bigint as used_sponsored,
    sum(t.readiness_students)::bigint as readiness_students,
    sum(t.readiness_sum)::numeric as readiness_sum,
    sum(t.missions_started)::bigint as missions_started,
    sum(t.missions_submitted)::bigint as missions_submitted,
    sum(t.missions_in_review)::bigint as missions_in_review,
    sum(t.missions_approved)::bigint as missions_approved,
    sum(t.missions_rejected)::bigint as missions_rejected,
    sum(t.approval_seconds)::numeric as approval_seconds,
    sum(t.portfolio_students)::bigint as portfolio_students,
    sum(t.portfolio_health_sum)::numeric as portfolio_health_sum,
    sum(t.portfolio_items)::bigint as portfolio_items,
    sum(t.portfolio_approved)::bigint as portfolio_approved,
    sum(t.sessions_scheduled)::bigint as sessions_scheduled,
    sum(t.sessions_held)::bigint as sessions_held,
    sum(t.sessions_missed)::bigint as sessions_missed,
    sum(t.sessions_cancelled)::bigint as sessions_cancelled,
    sum(t.payments_due)::bigint as payments_due,
    sum(t.due_amount)::numeric as due_amount,
    sum(t.payments_paid)::bigint as payments_paid,
    sum(t.paid_amount)::numeric as paid_amount,
    sum(t.refunds)::bigint as refunds,
    sum(t.refunded_amount)::numeric as refunded_amount
from (
    select
        org_id, cohort_id, active, completed, withdrawn, used_paid, used_scholarship, used_sponsored,
        readiness_students, readiness_sum, missions_started, missions_submitted, missions_in_review,
        missions_approved, missions_rejected, approval_seconds, portfolio_students, portfolio_health_sum,
        portfolio_items, portfolio_approved, sessions_scheduled, sessions_held, sessions_missed, sessions_cancelled,
        payments_due, due_amount, payments_paid, paid_amount, refunds, refunded_amount
    from board.cohort_rollup
    union all
    select
        org_id, cohort_id, active, completed, withdrawn, used_paid, used_scholarship, used_sponsored,
        readiness_students, readiness_sum, missions_started, missions_submitted, missions_in_review,
        missions_approved, missions_rejected, approval_seconds, portfolio_students, portfolio_health_sum,
        portfolio_items, portfolio_approved, sessions_scheduled, sessions_held, sessions_missed, sessions_cancelled,
        payments_due, due_amount, payments_paid, paid_amount, refunds, refunded_amount
    from board.cohort_delta
) as t
group by t.org_id, t.cohort_id;
comment on view board.cohort_total is
'Per cohort, exact at any moment: what has been folded into board.cohort_rollup and what waits in board.cohort_delta, added up in one
statement. A cohort without members, sessions and payments has no row, or zeros.';
comment on column board.cohort_total.active is 'Members who are active.';
comment on column board.cohort_total.completed is 'Members who have completed it.';
comment on column board.cohort_total.withdrawn is 'Members who have withdrawn; nothing else of theirs is counted.';
comment on column board.cohort_total.used_paid is 'Paid seats that are taken: by whoever has not withdrawn.';
comment on column board.cohort_total.used_scholarship is 'Scholarship seats that are taken.';
comment on column board.cohort_total.used_sponsored is 'Sponsored seats that are taken.';
comment on column board.cohort_total.readiness_students is 'Members who have a readiness score.';
comment on column board.cohort_total.readiness_sum is 'Sum of their newest scores, per cent.';
comment on column board.cohort_total.missions_started is 'Attempts in state started, at missions of the cohort''s track that are no drafts.';
comment on column board.cohort_total.missions_submitted is 'Likewise submitted.';
comment on column board.cohort_total.missions_in_review is 'Likewise in review.';
comment on column board.cohort_total.missions_approved is 'Likewise approved.';
comment on column board.cohort_total.missions_rejected is 'Likewise rejected.';
comment on column board.cohort_total.approval_seconds is 'Sum of the seconds from submission to verdict, of the approved ones.';
comment on column board.cohort_total.portfolio_students is 'Members who have an item in their portfolio.';
comment on column board.cohort_total.portfolio_health_sum is 'Sum of their portfolios'' health, 0 to 100; board.student_portfolio says how.';
comment on column board.cohort_total.portfolio_items is 'Items of their portfolios.';
comment on column board.cohort_total.portfolio_approved is 'Approved ones of these.';
comment on column board.cohort_total.sessions_scheduled is 'Mentors'' sessions that are to come.';
comment on column board.cohort_total.sessions_held is 'Sessions that were held.';
comment on column board.cohort_total.sessions_missed is 'Sessions that were missed.';
comment on column board.cohort_total.sessions_cancelled is 'Sessions that were cancelled.';
comment on column board.cohort_total.payments_due is 'Payments that are due.';
comment on column board.cohort_total.due_amount is 'Sum of their amounts.';
comment on column board.cohort_total.payments_paid is 'Payments that were paid.';
comment on column board.cohort_total.paid_amount is 'Sum of their amounts.';
comment on column board.cohort_total.refunds is 'Refunds.';
comment on column board.cohort_total.refunded_amount is 'Sum of their amounts.';
grant select on board.cohort_total to homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
