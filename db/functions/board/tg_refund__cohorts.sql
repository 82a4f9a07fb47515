create or replace function board.tg_refund__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    refunds school.refund[];
    gone school.refund[];
    changed record;
begin
    if tg_op = 'INSERT' then
        refunds := array(select n from new_rows as n);
    elsif tg_op = 'DELETE' then
        gone := array(select o from old_rows as o);
    else
        refunds := array(select n from new_rows as n);
        gone := array(select o from old_rows as o);
    end if;

    -- Refunds of one payment meet at its row: the second adds up what the first committed, or, having begun before that, gets 40001.
    perform
    from school.payment as p
    where (p.org_id, p.id) in (select r.org_id, r.payment_id from unnest(refunds) as r)
    order by p.org_id, p.id
    for no key update;
    update school.payment as p set status = p.status
    where (p.org_id, p.id) in (select r.org_id, r.payment_id from unnest(refunds) as r);
    if exists (
        select
        from school.payment as p
        where (p.org_id, p.id) in (select r.org_id, r.payment_id from unnest(refunds) as r)
            and (
                p.status <> 'paid'
                or p.amount < (select sum(r.amount) from school.refund as r where r.org_id = p.org_id and r.payment_id = p.id)
            )
    ) then
        raise 'what is refunded was paid, and all together no more than that' using errcode = 'HR409', detail = 'amount';
    end if;

    insert into board.cohort_delta (org_id, cohort_id, month, refunds, refunded_amount)
    select d.org_id, d.cohort_id, d.month, d.refunds, d.amount
    from (
        select
            r.org_id, r.cohort_id, date_trunc('month', r.refunded_on::timestamp)::date as month,
            sum(r.sign) as refunds, sum(r.sign * r.amount) as amount
        from (
            select n.org_id, n.cohort_id, n.refunded_on, n.amount, 1 as sign from unnest(refunds) as n
            union all
            select g.org_id, g.cohort_id, g.refunded_on, g.amount, -1 from unnest(gone) as g
        ) as r
        group by r.org_id, r.cohort_id, 3
    ) as d
    where (d.refunds, d.amount) <> (0, 0);

    for changed in
        select r.org_id, array_agg(r.cohort_id) as cohorts
        from (
            select n.org_id, n.cohort_id from unnest(refunds) as n union select g.org_id, g.cohort_id from unnest(gone) as g
        ) as r
        group by r.org_id
    loop
        perform board.mark_cohorts(changed.org_id, changed.cohorts, 'refund');
    end loop;
    return null;
end
$$;
comment on function board.tg_refund__cohorts() is
'Appends what refunds add to the totals of their cohorts and months, and marks the cohorts. Raises HR409 for refunds of what was not paid, or
of more than it.';
revoke all on function board.tg_refund__cohorts() from public;

create or replace trigger tg_refund__cohorts_insert
after insert on school.refund
referencing new table as new_rows
for each statement execute function board.tg_refund__cohorts();

create or replace trigger tg_refund__cohorts_update
after update on school.refund
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_refund__cohorts();

create or replace trigger tg_refund__cohorts_delete
after delete on school.refund
referencing old table as old_rows
for each statement execute function board.tg_refund__cohorts();
