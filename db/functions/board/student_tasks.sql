create or replace function board.student_tasks(org bigint, students uuid[]) returns table (
    student_id uuid, type text, id uuid, title text, deadline timestamptz, cta text, est_hours numeric
)
language plpgsql stable parallel safe security invoker
set search_path = ''
-- It would merge by student alone, and then compare each task of a student with each submission.
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
begin
    -- What was done is looked up by student (any) as well as by task: for one student by index, for thousands by one hash.
    return query
    with member as materialized (
        select m.student_id, m.cohort_id, m.track_id from board.student_membership(org, students) as m
    )
    select a.student_id, 'mission', i.id, i.title, coalesce(a.estimated_completion, i.due_at), '/missions/%s/continue', i.est_hours
    from school.mission_attempt as a
    join school.mission as i on i.org_id = a.org_id and i.id = a.mission_id
    where a.org_id = org and a.student_id = any (students) and a.state in ('started', 'rejected') and i.status = 'published'
    union all
    select m.student_id, 'mission', i.id, i.title, i.due_at, '/missions/%s/start', i.est_hours
    from member as m
    join school.mission as i on i.org_id = org and (i.track_id = m.track_id or i.track_id is null)
    where i.status = 'published'
        and not exists (
            select from school.mission_attempt as a
            where a.org_id = org and a.student_id = any (students) and a.mission_id = i.id and a.student_id = m.student_id
        )
    union all
    select e.student_id, 'assignment', w.id, w.title, w.due_at, '/assignments/%s', null
    from school.enrollment as e
    join school.assignment as w on w.org_id = e.org_id and w.course_id = e.course_id
    where e.org_id = org and e.student_id = any (students) and e.status = 'active'
        and w.status = 'published' and w.due_at is not null
        and not exists (
            select from school.submission as s
            where s.org_id = org and s.student_id = any (students) and s.assignment_id = w.id and s.student_id = e.student_id
                and (s.submitted_at is not null or s.grade is not null)
        )
    union all
    select e.student_id, 'quiz', w.id, w.title, w.due_at, '/quizzes/%s', null
    from school.enrollment as e
    join school.quiz as w on w.org_id = e.org_id and w.course_id = e.course_id
    where e.org_id = org and e.student_id = any (students) and e.status = 'active'
        and w.status = 'published' and w.due_at is not null
        and not exists (
            select from school.quiz_attempt as t
            where t.org_id = org and t.student_id = any (students) and t.quiz_id = w.id and t.student_id = e.student_id
                and t.completed_at is not null
        )
    union all
    select h.student_id, 'habit', h.id, h.title, null, '/habits/%s/log', null
    from school.habit as h
    where h.org_id = org and h.student_id = any (students) and h.is_active
        and not exists (
            select from school.habit_log as l
            where l.org_id = org and l.student_id = any (students) and l.habit_id = h.id and l.day = clock.today
        )
    union all
    select m.student_id, 'session', t.id, t.title, t.starts_at, '/sessions/%s/join', null
    from member as m
    join school.mentor_session as t
        on t.org_id = org and t.cohort_id = m.cohort_id and (t.student_id is null or t.student_id = m.student_id)
    where t.status = 'scheduled' and t.ends_at > now()
        and not exists (
            select from school.session_attendance as j
            where j.org_id = org and j.student_id = any (students) and j.session_id = t.id and j.student_id = m.student_id
        )
    union all
    select m.student_id, 'milestone', s.id, s.title, s.due_at, '/milestones/%s', null
    from member as m
    join school.milestone as s on s.org_id = org and s.cohort_id = m.cohort_id
    where s.due_at > now();
end
$$;
comment on function board.student_tasks(bigint, uuid[]) is
'All that students could do next, and by when: missions begun or sent back (by the estimated completion, else when due) and those of
their track not begun yet; assignments and quizzes of active courses not handed in; habits not logged today; sessions to come or on,
not joined yet; milestones to come. cta: the path that a client opens, for format() with the id.';
revoke all on function board.student_tasks(bigint, uuid[]) from public;
