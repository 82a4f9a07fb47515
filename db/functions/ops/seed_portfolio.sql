create or replace function ops.seed_portfolio(
    org bigint, school_name text, first_class integer, last_class integer, students integer, today date
) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    zone constant text := (select o.time_zone from school.organization as o where o.org_id = org);
begin
    insert into school.portfolio_item (org_id, id, student_id, title, url, state, quality, created_at, reviewed_at)
    select
        org, i.id, i.student_id, ('{Case study,Prototype,Essay,Dashboard,Poster,Code sample}'::text[])[1 + (i.student + i.n) % 6],
        'https://work.example.org/' || i.id,
        case
            when i.is_draft then 'draft'
            when i.reviewed_on < today and ops.seed_number(i.key, 'is a good item') < 0.55 + 0.4 * i.level then 'approved'
            when i.reviewed_on < today then 'rejected'
            when i.created_on < today - 3 then 'in_review'
            else 'submitted'
        end,
        case
            when not i.is_draft and i.reviewed_on < today
                then round(greatest(0, least(100, 54 + 36 * i.level + 24 * (ops.seed_number(i.key, 'quality') - 0.5)))::numeric, 0)
        end,
        (i.created_on + time '12:00') at time zone zone + ops.seed_number(i.key, 'made at') * interval '10 hours',
        case when not i.is_draft and i.reviewed_on < today then (i.reviewed_on + time '15:00') at time zone zone end
    from (
        select
            md5(p.student_id::text || '/portfolio/' || k.n)::uuid as id, p.student, p.student_id, p.level, k.n, k.key, d.created_on,
            d.created_on + 3 + floor(10 * ops.seed_number(k.key, 'reviewed on'))::integer as reviewed_on,
            ops.seed_number(k.key, 'is a draft') < 0.25 as is_draft
        from ops.seed_student_plan(school_name, first_class, last_class, students, today) as p
        cross join lateral (select n, p.things_key + n as key from generate_series(1, 4) as n) as k
        cross join lateral (select today - 1 - floor(70 * ops.seed_number(k.key, 'made on'))::integer as created_on) as d
        where ops.seed_number(k.key, 'makes') < 0.45 + 0.4 * p.level and (d.created_on < p.left_on or p.left_on is null)
    ) as i;
end
$$;
comment on function ops.seed_portfolio(bigint, text, integer, integer, integer, date) is
'Lets the students of some classes of a synthetic school show what they made, and reviewers look at it.';
revoke all on function ops.seed_portfolio(bigint, text, integer, integer, integer, date) from public;
