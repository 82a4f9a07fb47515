create or replace function board.cohort_months(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, months json
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
    most constant integer := 24;
begin
    return query
    select t.cohort_id, json_agg(json_build_object(
        'month', t.month, 'payments_paid', t.payments_paid, 'paid', t.paid_amount, 'refunds', t.refunds, 'refunded', t.refunded_amount
    ) order by t.month)
    from (
        select t.*, row_number() over (partition by t.cohort_id order by t.month desc) as place
        from board.cohort_month_total as t
        where t.org_id = org and t.cohort_id = any (cohorts) and (t.payments_paid <> 0 or t.refunds <> 0)
    ) as t
    where t.place <= most
    group by t.cohort_id;
end
$$;
comment on function board.cohort_months(bigint, uuid[]) is
'What was paid and refunded in cohorts, in the latest 24 months in which money moved: [{"month", "payments_paid", "paid", "refunds", "refunded"}].';
revoke all on function board.cohort_months(bigint, uuid[]) from public;
