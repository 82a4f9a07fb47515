create or replace function ops.seed_payments(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    -- Who pays does so in six parts, the first with the cohort, then on the first of each month, most of them on that day, some of them
    -- late or never; a sponsor all at once. Nothing is to be paid after leaving.
    insert into school.payment (org_id, id, cohort_id, student_id, amount, status, due_on, paid_on, created_at, source, external_id)
    select
        org, md5(p.student_id::text || '/payment/' || p.n)::uuid, p.cohort_id, p.student_id,
        case p.seat_pool when 'paid' then 225 else 1200 end,
        case when p.due_on >= p.left_on then 'cancelled' when d.paid_on is not null then 'paid' else 'due' end,
        p.due_on, d.paid_on, (p.due_on - 30 + time '12:00') at time zone zone, 'synthetic', p.student || '/' || p.n
    from (
        select
            s.student, s.student_id, s.left_on, c.cohort_id, m.seat_pool, n, s.things_key + n as key,
            case n when 1 then c.starts_on else (date_trunc('month', c.starts_on::timestamp) + (n - 1) * interval '1 month')::date end as due_on
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as s
        join ops.seed_cohort_plan(school_name, first_class, last_class, today) as c on c.cohort = s.cohort
        join school.cohort_member as m on m.org_id = org and m.cohort_id = c.cohort_id and m.student_id = s.student_id
        join generate_series(1, 6) as n on m.seat_pool = 'paid' or m.seat_pool = 'sponsored' and n = 1
    ) as p
    cross join lateral (
        select
            case
                when ops.seed_number(p.key, 'pays') < 0.96 and w.paid_on <= today and (p.due_on < p.left_on or p.left_on is null)
                    then w.paid_on
            end as paid_on
        from (
            select
                case
                    when ops.seed_number(p.key, 'pays on the day') < 0.6 then p.due_on
                    else p.due_on - 6 + floor(12 * ops.seed_number(p.key, 'pays when'))::integer
                end as paid_on
        ) as w
    ) as d;

    -- Of the part that was paid last: half to most who leave, a little to a few of the others within three weeks.
    insert into school.refund (org_id, id, payment_id, cohort_id, amount, refunded_on, reason, created_at, source, external_id)
    select
        org, md5(r.id::text || '/refund')::uuid, r.id, r.cohort_id,
        case when r.left_on is not null then round(r.amount / 2, 2) else 50 end,
        r.refunded_on, case when r.left_on is not null then 'Left the cohort' else 'A session was cancelled' end,
        (r.refunded_on + time '12:00') at time zone zone, 'synthetic', r.external_id
    from (
        select distinct on (s.student)
            p.id, p.cohort_id, p.amount, p.external_id, s.left_on, s.student_key,
            least(
                case
                    when s.left_on is null then p.paid_on + 1 + floor(20 * ops.seed_number(s.student_key, 'gets money back when'))::integer
                    else greatest(p.paid_on, s.left_on) + 5
                end,
                today
            ) as refunded_on
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as s
        join school.payment as p on p.org_id = org and p.student_id = s.student_id and p.status = 'paid'
        order by s.student, p.paid_on desc, p.id
    ) as r
    where ops.seed_number(r.student_key, 'gets money back') < case when r.left_on is not null then 0.6 else 0.03 end;
end
$$;
comment on function ops.seed_payments(bigint, text, integer, integer, integer, date) is
'Gives the students of some classes of a synthetic school payments for their seats, paid, due and overdue ones, and a few refunds.';
revoke all on function ops.seed_payments(bigint, text, integer, integer, integer, date) from public;
