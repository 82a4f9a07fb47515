create or replace function board.tg_payment__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    payments school.payment[];
    gone school.payment[];
    changed record;
begin
    if tg_op = 'INSERT' then
        payments := array(select n from new_rows as n);
    elsif tg_op = 'DELETE' then
        gone := array(select o from old_rows as o);
    else
        -- Without those that a refund only touched.
        payments := array(
            select n from new_rows as n left join old_rows as o on o.org_id = n.org_id and o.id = n.id where n is distinct from o
        );
        gone := array(
            select o from old_rows as o left join new_rows as n on n.org_id = o.org_id and n.id = o.id where o is distinct from n
        );
        if exists (
            select
            from unnest(payments) as p
            where p.amount < (select sum(r.amount) from school.refund as r where r.org_id = p.org_id and r.payment_id = p.id)
                or (p.status <> 'paid' and exists (select from school.refund as r where r.org_id = p.org_id and r.payment_id = p.id))
        ) then
            raise 'a payment stays paid, and no smaller than its refunds' using errcode = 'HR409', detail = 'amount';
        end if;
    end if;

    insert into board.cohort_delta (org_id, cohort_id, month, payments_due, due_amount, payments_paid, paid_amount)
    select d.org_id, d.cohort_id, d.month, d.due, d.due_amount, d.paid, d.paid_amount
    from (
        select
            r.org_id, r.cohort_id, date_trunc('month', r.paid_on::timestamp)::date as month,
            coalesce(sum(r.sign) filter (where r.status = 'due'), 0) as due,
            coalesce(sum(r.sign * r.amount) filter (where r.status = 'due'), 0) as due_amount,
            coalesce(sum(r.sign) filter (where r.status = 'paid'), 0) as paid,
            coalesce(sum(r.sign * r.amount) filter (where r.status = 'paid'), 0) as paid_amount
        from (
            select p.org_id, p.cohort_id, p.status, p.paid_on, p.amount, 1 as sign from unnest(payments) as p
            union all
            select g.org_id, g.cohort_id, g.status, g.paid_on, g.amount, -1 from unnest(gone) as g
        ) as r
        group by r.org_id, r.cohort_id, 3
    ) as d
    where (d.due, d.due_amount, d.paid, d.paid_amount) <> (0, 0, 0, 0);

    for changed in
        select r.org_id, array_agg(r.cohort_id) as cohorts
        from (
            select p.org_id, p.cohort_id from unnest(payments) as p union select g.org_id, g.cohort_id from unnest(gone) as g
        ) as r
        group by r.org_id
    loop
        perform board.mark_cohorts(changed.org_id, changed.cohorts, 'payment');
    end loop;
    return null;
end
$$;
comment on function board.tg_payment__cohorts() is
'Appends what payments add to the totals of their cohorts and of the months in which they were paid, and marks the cohorts. Raises HR409 for a
payment of which something was refunded that would no longer be paid, or be smaller than what was.';
revoke all on function board.tg_payment__cohorts() from public;

create or replace trigger tg_payment__cohorts_insert
after insert on school.payment
referencing new table as new_rows
for each statement execute function board.tg_payment__cohorts();

create or replace trigger tg_payment__cohorts_update
after update on school.payment
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_payment__cohorts();

create or replace trigger tg_payment__cohorts_delete
after delete on school.payment
referencing old table as old_rows
for each statement execute function board.tg_payment__cohorts();
