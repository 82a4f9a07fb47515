create or replace function board.cohort_students(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, student_id uuid, track_id uuid
)
language plpgsql stable parallel restricted security invoker rows 1000
set search_path = ''
set jit = off
-- As board.cohort_states does.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
    return query
    select m.cohort_id, m.student_id, c.track_id
    from school.cohort_member as m
    join school.cohort as c on c.org_id = org and c.id = m.cohort_id and c.id = any (cohorts)
    where m.org_id = org and m.cohort_id = any (cohorts) and m.status <> 'withdrawn';
end
$$;
comment on function board.cohort_students(bigint, uuid[]) is
'Who counts in the numbers of these cohorts, members who are active or have completed, and the cohort''s track.';
revoke all on function board.cohort_students(bigint, uuid[]) from public;
