create or replace function board.cohort_waiting(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, stalled_reviews bigint, stalls_at timestamptz
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
-- One cohort's members are looked up, those of two thousand are joined: which, the number of cohorts says.
set plan_cache_mode = force_custom_plan
set enable_nestloop = on
as $$
#variable_conflict use_column
declare
    -- Of 24 hours: a day of the calendar would be the session's.
    patience constant interval := interval '24 hours' * ops.setting('stalled_review_days')::double precision;
    since constant timestamptz := now() - patience;
begin
    return query
    select
        m.cohort_id, count(*) filter (where a.submitted_at <= since),
        min(a.submitted_at) filter (where a.submitted_at > since) + patience
    from school.cohort_member as m
    join school.mission_attempt as a
        on a.org_id = m.org_id and a.student_id = m.student_id and a.state in ('submitted', 'in_review')
    join school.mission as i on i.org_id = a.org_id and i.id = a.mission_id and i.status <> 'draft'
    join school.cohort as c on c.org_id = m.org_id and c.id = m.cohort_id and c.track_id = i.track_id
    where m.org_id = org and m.cohort_id = any (cohorts) and m.status <> 'withdrawn'
    group by m.cohort_id;
end
$$;
comment on function board.cohort_waiting(bigint, uuid[]) is
'Of cohorts whose members wait for reviews of the track''s missions: how many have waited for setting stalled_review_days, and when the next will
have.';
revoke all on function board.cohort_waiting(bigint, uuid[]) from public;
