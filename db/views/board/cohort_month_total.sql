create or replace view board.cohort_month_total
with (security_invoker = true) as
select
    t.org_id, t.cohort_id, t.month,
    sum(t.payments_paid)::bigint as payments_paid,
    sum(t.paid_amount)::numeric as paid_amount,
    sum(t.refunds)::bigint as refunds,
    sum(t.refunded_amount)::numeric as refunded_amount
from (
    select
        org_id, cohort_id, month, payments_paid, paid_amount, refunds, refunded_amount
    from board.cohort_month_rollup
    union all
    select
        org_id, cohort_id, month, payments_paid, paid_amount, refunds, refunded_amount
    from board.cohort_delta
    where month is not null
) as t
group by t.org_id, t.cohort_id, t.month;
comment on view board.cohort_month_total is
'Per cohort and month, money, exact at any moment: board.cohort_month_rollup and what waits in board.cohort_delta, added up in one
statement. A month without any has no row, or zeros.';
comment on column board.cohort_month_total.month is 'First day of the month of paid_on or refunded_on.';
comment on column board.cohort_month_total.payments_paid is 'Payments that were paid.';
comment on column board.cohort_month_total.paid_amount is 'Sum of their amounts.';
comment on column board.cohort_month_total.refunds is 'Refunds.';
comment on column board.cohort_month_total.refunded_amount is 'Sum of their amounts.';
grant select on board.cohort_month_total to homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
