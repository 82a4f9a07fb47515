create or replace function board.student_tasks(org bigint, students uuid[]) returns table (
    place integer, type text, id uuid, title text, deadline timestamptz, est_hours numeric, cta text,
    course_id uuid, cohort_id uuid, track_id uuid, student_id uuid,
    priority board.priority, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 4000
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    courses constant uuid[] := array(
        select distinct e.course_id
        from school.enrollment as e
        where e.org_id = org and e.student_id = any (students) and e.status = 'active'
    );
    cohorts uuid[];
    tracks uuid[];
begin
    select array_agg(distinct m.cohort_id), array_agg(distinct m.track_id) into cohorts, tracks
    from board.student_membership(org, students) as m;

    return query
    with task (type, id, title, deadline, est_hours, cta, course_id, cohort_id, track_id, student_id) as (
        select
            'assignment', w.id, w.title, w.due_at, null::numeric, '/assignments/%s',
            w.course_id, null::uuid, null::uuid, null::uuid
        from school.assignment as w
        where w.org_id = org and w.course_id = any (courses) and w.status = 'published' and w.due_at is not null
        union all
        select 'quiz', w.id, w.title, w.due_at, null, '/quizzes/%s', w.course_id, null, null, null
        from school.quiz as w
        where w.org_id = org and w.course_id = any (courses) and w.status = 'published' and w.due_at is not null
        union all
        select 'mission', i.id, i.title, i.due_at, i.est_hours, '/missions/%s/start', null, null, i.track_id, null
        from school.mission as i
        where i.org_id = org and (i.track_id = any (tracks) or i.track_id is null) and i.status = 'published'
        union all
        select
            'mission', i.id, i.title, coalesce(a.estimated_completion, i.due_at), i.est_hours, '/missions/%s/continue',
            null, null, null, a.student_id
        from school.mission_attempt as a
        join school.mission as i on i.org_id = a.org_id and i.id = a.mission_id
        where a.org_id = org and a.student_id = any (students) and a.state in ('started', 'rejected') and i.status = 'published'
        union all
        select 'habit', h.id, h.title, null, null, '/habits/%s/log', null, null, null, h.student_id
        from school.habit as h
        where h.org_id = org and h.student_id = any (students) and h.is_active
            and not exists (
                select from school.habit_log as l
                where l.org_id = org and l.student_id = any (students) and l.habit_id = h.id and l.day = clock.today
            )
        union all
        select 'session', t.id, t.title, t.starts_at, null, '/sessions/%s/join', null, t.cohort_id, null, t.student_id
        from school.mentor_session as t
        where t.org_id = org and t.cohort_id = any (cohorts) and t.status = 'scheduled' and t.ends_at > now()
        union all
        select 'milestone', s.id, s.title, s.due_at, null, '/milestones/%s', null, s.cohort_id, null, null
        from school.milestone as s
        where s.org_id = org and s.cohort_id = any (cohorts) and s.due_at > now()
    ),
    classed as (
        select
            t.*,
            case
                when t.deadline < now() + interval '24 hours' then 'urgent'
                when t.deadline < now() + interval '72 hours' then 'high'
                when t.deadline is not null or t.type = 'habit' then 'normal'
                else 'low'
            end::board.priority as priority,
            -- When it comes into the next class. What is due this very instant is overdue the next.
            case
                when t.deadline < now() then null
                when t.deadline < now() + interval '24 hours' then t.deadline
                when t.deadline < now() + interval '72 hours' then t.deadline - interval '24 hours'
                else t.deadline - interval '72 hours'
            end as changes_at
        from task as t
    )
    select
        (row_number() over (order by c.priority, c.deadline, c.title, c.id))::integer,
        c.type, c.id, c.title, c.deadline, c.est_hours, c.cta,
        c.course_id, c.cohort_id, c.track_id, c.student_id, c.priority, c.changes_at
    from classed as c;
end
$$;
comment on function board.student_tasks(bigint, uuid[]) is
'All that some of these students could do next, each task once, in the order in which to do them (place), and for whom it is: who takes
course_id, is in cohort_id, on track_id (a mission without: every member of a cohort), or is student_id; of a session, who is in the cohort, or
one of them. Missions begun or sent back (by the estimated completion, else when due) and to begin; assignments and quizzes with a due
date; habits not logged today; sessions to come or on; milestones to come. priority: urgent when overdue or due within 24 hours, high
within 72, normal later and for habits, low without a deadline; then the nearer deadline first. changes_at: when that moves next. cta:
the path that a client opens, for format() with the id. Who has done it already, board.student_today knows.';
revoke all on function board.student_tasks(bigint, uuid[]) from public;
