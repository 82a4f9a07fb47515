create or replace function board.cohort_approvals(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, median_hours numeric
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
    ),
    mission as (
        select i.id, i.track_id
        from school.mission as i
        where i.org_id = org and i.track_id = any (array(select m.track_id from member as m)) and i.status <> 'draft'
    ),
    approved as (
        select m.cohort_id, array_agg(extract(epoch from a.reviewed_at - a.submitted_at) / 3600 order by a.reviewed_at - a.submitted_at) as hours
        from school.mission_attempt as a
        join mission as i on i.id = a.mission_id
        join member as m on m.student_id = a.student_id and m.track_id = i.track_id
        where a.org_id = org and a.student_id = any (array(select m.student_id from member as m)) and a.state = 'approved'
        group by m.cohort_id
    )
    select a.cohort_id, round(board.quantile(a.hours, 0.5), 2) from approved as a;
end
$$;
comment on function board.cohort_approvals(bigint, uuid[]) is
'In how many hours attempts at the track''s missions were approved after they had been handed in, the median of each cohort''s members. No row without any.';
revoke all on function board.cohort_approvals(bigint, uuid[]) from public;
