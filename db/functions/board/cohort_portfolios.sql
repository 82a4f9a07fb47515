create or replace function board.cohort_portfolios(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, draft bigint, submitted bigint, in_review bigint, approved bigint, rejected bigint, quality numeric
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
set jit = off
-- As board.cohort_states does.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
    return query
    with member as materialized (
        select s.* from board.cohort_students(org, cohorts) as s
    )
    select
        m.cohort_id,
        count(*) filter (where i.state = 'draft'), count(*) filter (where i.state = 'submitted'),
        count(*) filter (where i.state = 'in_review'), count(*) filter (where i.state = 'approved'),
        count(*) filter (where i.state = 'rejected'), round(avg(i.quality), 2)
    from school.portfolio_item as i
    join member as m on m.student_id = i.student_id
    where i.org_id = org and i.student_id = any (array(select m.student_id from member as m))
    group by m.cohort_id;
end
$$;
comment on function board.cohort_portfolios(bigint, uuid[]) is
'What members of cohorts show, by state, and the mean quality that reviewers saw. No row without items.';
revoke all on function board.cohort_portfolios(bigint, uuid[]) from public;
