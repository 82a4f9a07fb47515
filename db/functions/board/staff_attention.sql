create or replace function board.staff_attention(org bigint, role text, people uuid[]) returns table (
    person_id uuid, attention jsonb, shown uuid[], changes_at timestamptz
)
language plpgsql stable parallel safe security invoker rows 10
set search_path = ''
-- What is joined is computed here, and larger than the planner takes it for.
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    most constant integer := 20;
    clock record := board.clock(org);
    threshold constant numeric := ops.setting('trend_threshold');
    most_overdue constant numeric := ops.setting('attention_overdue');
    least_average constant numeric := ops.setting('attention_average');
    most_days constant numeric := ops.setting('attention_days');
    students uuid[];
    courses uuid[];
begin
    select array_agg(distinct s.student_id), array_agg(distinct s.course_id) into students, courses
    from board.staff_seats(org, staff_attention.role, people) as s
    where s.status = 'active';

    return query
    with watched as materialized (
        select s.person_id, s.student_id, s.course_id, s.enrolled_on
        from board.staff_seats(org, staff_attention.role, people) as s
        where s.status = 'active'
    ),
    due as (
        select a.id, a.course_id, a.due_at
        from school.assignment as a
        where a.org_id = org and a.course_id = any (courses) and a.status = 'published' and a.due_at is not null
    ),
    set_work as (
        select d.course_id, count(*) filter (where d.due_at <= now()) as due, min(d.due_at) filter (where d.due_at > now()) as next_due
        from due as d
        group by d.course_id
    ),
    work as (
        select
            s.student_id, s.course_id, max(s.submitted_at) as last_at,
            count(d.id) filter (where d.due_at <= now() and (s.submitted_at is not null or s.grade is not null)) as done
        from school.submission as s
        left join due as d on d.id = s.assignment_id
        where s.org_id = org and s.student_id = any (students) and s.course_id = any (courses)
        group by s.student_id, s.course_id
    ),
    quiz as (
        select t.student_id, t.course_id, max(t.completed_at) as last_at
        from school.quiz_attempt as t
        where t.org_id = org and t.student_id = any (students) and t.course_id = any (courses)
        group by t.student_id, t.course_id
    ),
    -- A student in a course, however many look after them.
    seat as (
        select e.student_id, e.course_id, max(e.enrolled_on) as enrolled_on
        from watched as e
        group by e.student_id, e.course_id
    ),
    judged as (
        select
            e.student_id, e.course_id,
            coalesce(k.due, 0) - coalesce(w.done, 0) as overdue,
            board.average(p.quiz_score_sum + p.assignment_score_sum, p.total_quizzes_completed + p.total_assignments_completed) as average,
            clock.today - case
                when coalesce(w.last_at, q.last_at) is null then e.enrolled_on
                else board.local_day(greatest(w.last_at, q.last_at), clock.zone)
            end as days,
            round(t.slope::numeric, 2) as slope,
            t.slope < -threshold as declines
        from seat as e
        left join set_work as k on k.course_id = e.course_id
        left join work as w on w.student_id = e.student_id and w.course_id = e.course_id
        left join quiz as q on q.student_id = e.student_id and q.course_id = e.course_id
        left join board.student_course_performance as p
            on p.org_id = org and p.student_id = e.student_id and p.course_id = e.course_id
        left join board.trends(org, students, true) as t on t.student_id = e.student_id and t.course_id = e.course_id
    ),
    reasoned as (
        select
            j.*,
            to_jsonb(array_remove(array[
                case when j.overdue >= most_overdue then jsonb_build_object('reason', 'overdue', 'value', j.overdue) end,
                case when j.average < least_average then jsonb_build_object('reason', 'low_average', 'value', j.average) end,
                case when j.days >= most_days then jsonb_build_object('reason', 'inactive', 'value', j.days) end,
                case when j.declines then jsonb_build_object('reason', 'declining', 'value', j.slope) end
            ], null)) as reasons
        from judged as j
    ),
    -- Not by name, which is shown: who is not among them may be called otherwise.
    placed as (
        select
            s.person_id, r.*,
            row_number() over (
                partition by s.person_id
                order by jsonb_array_length(r.reasons) desc, r.overdue desc, r.average, r.student_id, r.course_id
            ) as place
        from watched as s
        join reasoned as r on r.student_id = s.student_id and r.course_id = s.course_id
        where r.reasons <> '[]'
    ),
    listed as (
        select
            p.person_id, max(p.place) as total, array_agg(p.student_id) filter (where p.place <= most) as shown,
            jsonb_agg(jsonb_build_object(
                'student', jsonb_build_object('id', n.id, 'name', n.name), 'course_id', p.course_id, 'reasons', p.reasons
            ) order by p.place) filter (where p.place <= most) as students
        from placed as p
        join school.person as n on n.org_id = org and n.id = p.student_id
        group by p.person_id
    ),
    changing as (
        select s.person_id, min(k.next_due) as changes_at
        from watched as s
        join set_work as k on k.course_id = s.course_id
        group by s.person_id
    )
    select
        m.id, jsonb_build_object('total', coalesce(l.total, 0), 'students', coalesce(l.students, '[]')),
        coalesce(l.shown, '{}'), c.changes_at
    from unnest(people) as m (id)
    left join listed as l on l.person_id = m.id
    left join changing as c on c.person_id = m.id;
end
$$;
comment on function board.staff_attention(bigint, text, uuid[]) is
'Which of their active students need a teacher''s or tutor''s attention, and why: {"total", "students": the first twenty, most reasons first,
[{"student": {"id", "name"}, "course_id", "reasons": [{"reason", "value"}]}]}. overdue: so many published assignments of the course are due and
neither handed in nor graded (setting attention_overdue); low_average: the average in the course (attention_average); inactive: so many
days without handing in or completing a quiz, or since the enrollment (attention_days); declining: percentage points a day
(trend_threshold). shown: who they are; changes_at: when an assignment is due next.';
revoke all on function board.staff_attention(bigint, text, uuid[]) from public;
