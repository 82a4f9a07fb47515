create or replace view board.cohort_month_rollup_recount
with (security_invoker = true) as
select
    f.org_id, f.cohort_id, f.month,
    sum(f.payments_paid)::bigint as payments_paid,
    sum(f.paid_amount) as paid_amount,
    sum(f.refunds)::bigint as refunds,
    sum(f.refunded_amount) as refunded_amount
from (
    select
        org_id, cohort_id, date_trunc('month', paid_on::timestamp)::date as month,
        1 as payments_paid, amount as paid_amount, 0 as refunds, 0::numeric as refunded_amount
    from school.payment
    where status = 'paid'
    union all
    select org_id, cohort_id, date_trunc('month', refunded_on::timestamp)::date, 0, 0, 1, amount
    from school.refund
) as f
group by f.org_id, f.cohort_id, f.month;
comment on view board.cohort_month_rollup_recount is
'What board.cohort_month_rollup and its deltas should add up to, counted from the facts.';
