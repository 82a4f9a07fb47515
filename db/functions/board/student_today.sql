create or replace function board.student_today(org bigint, students uuid[]) returns table (
    student_id uuid, primary_action json, secondary_actions json,
    assignments_due integer, assignments_overdue integer, assignments_ungraded integer,
    deadline_today boolean, changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
-- Nobody can guess how many tasks a batch of students has, and a wrong guess loops or merges: hashes, whatever the guess.
set enable_nestloop = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
begin
    -- A task that many share is read, ranked and written once. Per student it is a number until the six are found: there are dozens.
    -- What was done is looked up by student (any) as well as by task: for one student by index, for thousands by one hash.
    return query
    with task as materialized (
        select
            t.*,
            -- Of a flag the planner expects half, of a text next to none: it would hash what students could do, not what they have done.
            t.type = 'assignment' as is_assignment,
            t.type = 'quiz' as is_quiz,
            t.type = 'assignment' and t.deadline >= now() as is_due,
            t.type = 'assignment' and t.deadline < now() as is_overdue,
            coalesce(t.type <> 'session' and t.deadline >= now() and t.deadline < clock.midnight, false) as is_due_today
        from board.student_tasks(org, students) as t
    ),
    member as materialized (
        select m.student_id, m.cohort_id, m.track_id from board.student_membership(org, students) as m
    ),
    enrolled as materialized (
        select e.student_id, e.course_id
        from school.enrollment as e
        where e.org_id = org and e.student_id = any (students) and e.status = 'active'
    ),
    open (student_id, place, is_due, is_overdue, is_due_today, changes_at) as (
        select e.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from enrolled as e
        join task as t on t.course_id = e.course_id and t.is_assignment
        where not exists (
            select from school.submission as s
            where s.org_id = org and s.student_id = any (students) and s.assignment_id = t.id and s.student_id = e.student_id
                and (s.submitted_at is not null or s.graded_at is not null)
        )
        union all
        select e.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from enrolled as e
        join task as t on t.course_id = e.course_id and t.is_quiz
        where not exists (
            select from school.quiz_attempt as q
            where q.org_id = org and q.student_id = any (students) and q.quiz_id = t.id and q.student_id = e.student_id
                and q.completed_at is not null
        )
        union all
        select m.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from member as m
        join task as t on t.type = 'mission' and t.student_id is null and (t.track_id = m.track_id or t.track_id is null)
        where not exists (
            select from school.mission_attempt as a
            where a.org_id = org and a.student_id = any (students) and a.mission_id = t.id and a.student_id = m.student_id
        )
        union all
        select m.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from member as m
        join task as t on t.cohort_id = m.cohort_id and t.type = 'session' and (t.student_id is null or t.student_id = m.student_id)
        where not exists (
            select from school.session_attendance as j
            where j.org_id = org and j.student_id = any (students) and j.session_id = t.id and j.student_id = m.student_id
        )
        union all
        select m.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from member as m
        join task as t on t.cohort_id = m.cohort_id and t.type = 'milestone'
        union all
        select t.student_id, t.place, t.is_due, t.is_overdue, t.is_due_today, t.changes_at
        from task as t
        where t.type in ('mission', 'habit') and t.student_id is not null
    ),
    counted as (
        select
            o.student_id,
            (array_agg(o.place order by o.place))[:6] as places,
            (count(*) filter (where o.is_due))::integer as due,
            (count(*) filter (where o.is_overdue))::integer as overdue,
            bool_or(o.is_due_today) as due_today,
            min(o.changes_at) as changes_at
        from open as o
        group by o.student_id
    ),
    action as materialized (
        select t.place, json_build_object(
            'type', t.type, 'id', t.id, 'title', t.title, 'priority', t.priority, 'deadline', board.utc(t.deadline),
            'cta', format(t.cta, t.id), 'est_hours', t.est_hours
        ) as action
        from task as t
        where t.place in (select unnest(c.places) from counted as c)
    ),
    shown as (
        select c.student_id, json_agg(a.action order by a.place) as actions
        from counted as c
        cross join unnest(c.places[2:]) as p (place)
        join action as a on a.place = p.place
        group by c.student_id
    ),
    ungraded as (
        select s.student_id, count(*)::integer as submissions
        from school.submission as s
        where s.org_id = org and s.student_id = any (students) and s.submitted_at is not null and s.graded_at is null
        group by s.student_id
    )
    select
        s.id, f.action, coalesce(a.actions, '[]'),
        coalesce(c.due, 0), coalesce(c.overdue, 0), coalesce(u.submissions, 0),
        coalesce(c.due_today, false), c.changes_at
    from unnest(students) as s (id)
    left join counted as c on c.student_id = s.id
    left join action as f on f.place = c.places[1]
    left join shown as a on a.student_id = s.id
    left join ungraded as u on u.student_id = s.id;
end
$$;
comment on function board.student_today(bigint, uuid[]) is
'What students should do next: of board.student_tasks that are theirs and not handed in, begun or joined yet, the first and up to five
more. Also assignments due, overdue and waiting for a grade, whether something is due before midnight, and when the first of these
changes by itself.';
revoke all on function board.student_today(bigint, uuid[]) from public;
