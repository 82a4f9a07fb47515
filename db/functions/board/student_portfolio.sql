create or replace function board.student_portfolio(org bigint, students uuid[]) returns table (
    student_id uuid, draft integer, submitted integer, in_review integer, approved integer, rejected integer,
    health numeric, last_review timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select
        s.id,
        (count(*) filter (where i.state = 'draft'))::integer,
        (count(*) filter (where i.state = 'submitted'))::integer,
        (count(*) filter (where i.state = 'in_review'))::integer,
        (count(*) filter (where i.state = 'approved'))::integer,
        (count(*) filter (where i.state = 'rejected'))::integer,
        board.portfolio_health(avg(i.quality), count(*) filter (where i.state = 'approved'), count(i.id)),
        max(i.reviewed_at)
    from unnest(students) as s (id)
    left join school.portfolio_item as i on i.org_id = org and i.student_id = s.id
    group by s.id;
end
$$;
comment on function board.student_portfolio(bigint, uuid[]) is
'A student''s portfolio: how many items are in each state, when one was reviewed last, and its health, 0 to 100: seven parts the mean
quality that reviewers saw, three parts the share of items that are approved; null without an item.';
revoke all on function board.student_portfolio(bigint, uuid[]) from public;
