create or replace function board.student_cohort(org bigint, students uuid[]) returns table (
    student_id uuid, cohort_id uuid, name text, mentor jsonb, next_event jsonb, completion numeric,
    live_session boolean, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with member as materialized (
        select m.student_id, m.cohort_id, m.track_id from board.student_membership(org, students) as m
    ),
    session as materialized (
        select m.student_id, t.id, t.title, t.starts_at, t.ends_at
        from member as m
        join school.mentor_session as t
            on t.org_id = org and t.cohort_id = m.cohort_id and (t.student_id is null or t.student_id = m.student_id)
        where t.status = 'scheduled' and t.ends_at > now()
    ),
    event as (
        select s.student_id, 'session' as kind, s.id, s.title, s.starts_at from session as s where s.starts_at > now()
        union all
        select m.student_id, 'milestone', i.id, i.title, i.due_at
        from member as m
        join school.milestone as i on i.org_id = org and i.cohort_id = m.cohort_id
        where i.due_at > now()
        union all
        select m.student_id, 'event', e.id, e.title, e.starts_at
        from member as m
        join school.calendar_event as e on e.org_id = org and (e.cohort_id = m.cohort_id or e.cohort_id is null)
        where e.starts_at > now()
    ),
    upcoming as (
        select distinct on (e.student_id) e.*
        from event as e
        order by e.student_id, e.starts_at, e.kind, e.id
    ),
    live as (
        select s.student_id, bool_or(s.starts_at <= now()) as now_on, min(s.ends_at) filter (where s.starts_at <= now()) as ends_at
        from session as s
        group by s.student_id
    ),
    mentor as (
        select distinct on (c.cohort_id) c.cohort_id, p.id, p.name
        from school.cohort_mentor as c
        join school.person as p on p.org_id = c.org_id and p.id = c.mentor_id
        where c.org_id = org and c.cohort_id in (select m.cohort_id from member as m)
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
        case when p.id is not null then jsonb_build_object('id', p.id, 'name', p.name) end,
        case when u.id is not null then jsonb_build_object(
            'kind', u.kind, 'id', u.id, 'title', u.title, 'starts_at', board.utc(u.starts_at)
        ) end,
        round(100.0 * coalesce(a.missions, 0) / o.missions, 2),
        coalesce(l.now_on, false),
        least(u.starts_at, l.ends_at)
    from member as m
    join school.cohort as c on c.org_id = org and c.id = m.cohort_id
    left join mentor as p on p.cohort_id = m.cohort_id
    left join upcoming as u on u.student_id = m.student_id
    left join live as l on l.student_id = m.student_id
    left join offered as o on o.track_id = m.track_id
    left join approved as a on a.student_id = m.student_id;
end
$$;
comment on function board.student_cohort(bigint, uuid[]) is
'The cohort of students who have one (board.student_membership): its name, the mentor (by name the first), the next session, milestone or
calendar event, the percentage of the track''s missions that the student has had approved (null where the track has none), whether
a session is on now, and when the first of these changes by itself.';
revoke all on function board.student_cohort(bigint, uuid[]) from public;
