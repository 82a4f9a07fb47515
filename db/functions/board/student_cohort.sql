create or replace function board.student_cohort(org bigint, students uuid[]) returns table (
    student_id uuid, cohort_id uuid, name text, mentor json, next_event json, completion numeric,
    live_session boolean, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
-- A plan for each array of students would cost more than it saves.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    cohorts constant uuid[] := array(select distinct m.cohort_id from board.student_membership(org, students) as m);
begin
    return query
    with member as materialized (
        select m.student_id, m.cohort_id, m.track_id from board.student_membership(org, students) as m
    ),
    -- What a cohort comes together for, and the sessions of one of its members: looked up per cohort, not per member.
    event (cohort_id, student_id, kind, id, title, starts_at, ends_at) as materialized (
        select t.cohort_id, t.student_id, 'session', t.id, t.title, t.starts_at, t.ends_at
        from school.mentor_session as t
        where t.org_id = org and t.cohort_id = any (cohorts) and (t.student_id is null or t.student_id = any (students))
            and t.status = 'scheduled' and t.ends_at > now()
        union all
        select i.cohort_id, null, 'milestone', i.id, i.title, i.due_at, null
        from school.milestone as i
        where i.org_id = org and i.cohort_id = any (cohorts) and i.due_at > now()
        union all
        select c.id, null, 'event', e.id, e.title, e.starts_at, null
        from unnest(cohorts) as c (id)
        join school.calendar_event as e on e.org_id = org and (e.cohort_id = c.id or e.cohort_id is null)
        where e.starts_at > now()
    ),
    upcoming as (
        select distinct on (e.cohort_id, e.student_id) e.*
        from event as e
        where e.starts_at > now()
        order by e.cohort_id, e.student_id, e.starts_at, e.kind, e.id
    ),
    live as (
        select e.cohort_id, e.student_id, min(e.ends_at) as ends_at
        from event as e
        where e.kind = 'session' and e.starts_at <= now()
        group by e.cohort_id, e.student_id
    ),
    next as (
        select distinct on (m.student_id) m.student_id, u.starts_at, json_build_object(
            'kind', u.kind, 'id', u.id, 'title', u.title, 'starts_at', board.utc(u.starts_at)
        ) as event
        from member as m
        join upcoming as u on u.cohort_id = m.cohort_id and (u.student_id is null or u.student_id = m.student_id)
        order by m.student_id, u.starts_at, u.kind, u.id
    ),
    live_now as (
        select m.student_id, min(l.ends_at) as ends_at
        from member as m
        join live as l on l.cohort_id = m.cohort_id and (l.student_id is null or l.student_id = m.student_id)
        group by m.student_id
    ),
    mentor as (
        select distinct on (c.cohort_id) c.cohort_id, p.id, p.name
        from school.cohort_mentor as c
        join school.person as p on p.org_id = c.org_id and p.id = c.mentor_id
        where c.org_id = org and c.cohort_id = any (cohorts)
        order by c.cohort_id, p.name, p.id
    ),
    offered as (
        select t.track_id, count(i.id) as missions
        from (select distinct m.track_id from member as m) as t
        join school.mission as i on i.org_id = org and i.track_id = t.track_id and i.status <> 'draft'
        group by t.track_id
    ),
    approved as (
        select m.student_id, count(*) as missions
        from member as m
        join school.mission_attempt as a on a.org_id = org and a.student_id = m.student_id and a.state = 'approved'
        join school.mission as i on i.org_id = org and i.id = a.mission_id and i.track_id = m.track_id and i.status <> 'draft'
        group by m.student_id
    )
    select
        m.student_id, m.cohort_id, c.name,
        case when p.id is not null then json_build_object('id', p.id, 'name', p.name) end,
        x.event,
        round(100.0 * coalesce(a.missions, 0) / f.missions, 2),
        l.student_id is not null,
        least(x.starts_at, l.ends_at)
    from member as m
    join school.cohort as c on c.org_id = org and c.id = m.cohort_id
    left join mentor as p on p.cohort_id = m.cohort_id
    left join next as x on x.student_id = m.student_id
    left join live_now as l on l.student_id = m.student_id
    left join offered as f on f.track_id = m.track_id
    left join approved as a on a.student_id = m.student_id;
end
$$;
comment on function board.student_cohort(bigint, uuid[]) is
'The cohort of students who have one (board.student_membership): its name, the mentor (by name the first), the next session, milestone or
calendar event, the percentage of the track''s missions that the student has had approved (null where the track has none), whether
a session is on now, and when the first of these changes by itself.';
revoke all on function board.student_cohort(bigint, uuid[]) from public;
