-- No `set` clause: board.cohort_states calls it with plans for any number of cohorts, joined by hashing.
create or replace function board.cohort_waiting(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, stalled_reviews bigint, stalls_at timestamptz
)
language plpgsql stable parallel restricted security invoker rows 50
as $$
#variable_conflict use_column
declare
    -- Of so many cohorts, what waits in the whole organization is read; of fewer, what the members wait for.
    many constant integer := 200;
    -- Of 24 hours: a day of the calendar would be the session's.
    patience constant interval := interval '24 hours' * ops.setting('stalled_review_days')::double precision;
    since constant timestamptz := now() - patience;
    tracks constant uuid[] := array(select distinct c.track_id from school.cohort as c where c.org_id = org and c.id = any (cohorts));
    students uuid[];
begin
    if cardinality(cohorts) < many then
        students := array(
            select m.student_id
            from school.cohort_member as m
            where m.org_id = org and m.cohort_id = any (cohorts) and m.status <> 'withdrawn'
        );
    end if;

    return query
    with member as materialized (
        select m.cohort_id, m.student_id, c.track_id
        from school.cohort as c
        join school.cohort_member as m on m.org_id = org and m.cohort_id = c.id and m.cohort_id = any (cohorts)
        where c.org_id = org and c.id = any (cohorts) and m.status <> 'withdrawn'
    ),
    attempt as (
        select a.student_id, a.mission_id, a.submitted_at
        from school.mission_attempt as a
        where students is not null and a.org_id = org and a.student_id = any (students) and a.state in ('submitted', 'in_review')
        union all
        select a.student_id, a.mission_id, a.submitted_at
        from school.mission_attempt as a
        where students is null and a.org_id = org and a.state in ('submitted', 'in_review')
    ),
    -- Brought together before they are joined: whose and of which track are one key.
    waiting as materialized (
        select a.student_id, i.track_id, a.submitted_at
        from attempt as a
        join school.mission as i on i.org_id = org and i.id = a.mission_id and i.track_id = any (tracks) and i.status <> 'draft'
    )
    select
        m.cohort_id, count(*) filter (where w.submitted_at <= since),
        min(w.submitted_at) filter (where w.submitted_at > since) + patience
    from waiting as w
    join member as m on m.student_id = w.student_id and m.track_id = w.track_id
    group by m.cohort_id;
end
$$;
comment on function board.cohort_waiting(bigint, uuid[]) is
'Of cohorts whose members wait for reviews of the track''s missions: how many have waited for setting stalled_review_days, and when the next will
have.';
revoke all on function board.cohort_waiting(bigint, uuid[]) from public;
