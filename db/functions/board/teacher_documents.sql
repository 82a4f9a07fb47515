create or replace function board.teacher_documents(org bigint, people uuid[]) returns table (
    person_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
)
language plpgsql stable parallel restricted security invoker
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
    most constant integer := 100;
    clock record := board.clock(org);
    courses constant uuid[] := array(
        select distinct t.course_id from school.course_teacher as t where t.org_id = org and t.teacher_id = any (people)
    );
begin
    return query
    with taught as (
        select t.teacher_id, t.course_id from school.course_teacher as t where t.org_id = org and t.teacher_id = any (people)
    ),
    enrolled as (
        select e.course_id, count(*) as students
        from school.enrollment as e
        where e.org_id = org and e.course_id = any (courses) and e.status = 'active'
        group by e.course_id
    ),
    course as (
        select
            t.teacher_id, array_agg(c.id) as ids,
            jsonb_agg(jsonb_build_object(
                'id', c.id, 'code', c.code, 'title', c.title, 'active_students', coalesce(e.students, 0),
                'average', board.average(
                    k.quiz_score_sum + k.assignment_score_sum, (k.total_quizzes_completed + k.total_assignments_completed)::bigint
                )
            ) order by c.code, c.id) as said
        from taught as t
        join school.course as c on c.org_id = org and c.id = t.course_id
        left join enrolled as e on e.course_id = c.id
        left join board.course_total as k on k.org_id = org and k.course_id = c.id and k.course_id = any (courses)
        group by t.teacher_id
    ),
    placed as (
        select
            t.teacher_id, a.id, a.course_id, a.title, a.status, a.due_at,
            row_number() over (partition by t.teacher_id order by a.due_at desc nulls last, a.id) as place
        from taught as t
        join school.assignment as a on a.org_id = org and a.course_id = t.course_id
    ),
    assignment as (
        select
            a.teacher_id,
            jsonb_agg(jsonb_build_object(
                'id', a.id, 'course_id', a.course_id, 'title', a.title, 'status', a.status, 'due_date', board.utc(a.due_at),
                'submitted', coalesce(k.ungraded_submissions + k.graded_submissions, 0), 'graded', coalesce(k.graded_submissions, 0),
                'pending', coalesce(k.pending_submissions, 0), 'ungraded', coalesce(k.ungraded_submissions, 0),
                'average', board.average(k.grade_sum, k.graded_submissions)
            ) order by a.place) as said
        from placed as a
        left join board.assignment_total as k
            on k.org_id = org and k.course_id = a.course_id and k.assignment_id = a.id and k.course_id = any (courses)
        where a.place <= most
        group by a.teacher_id
    )
    select
        m.id,
        json_build_object(
            'metrics', json_build_object(
                'pending_submissions', w.pending_submissions, 'ungraded_submissions', w.ungraded_submissions,
                'active_students', w.active_students, 'total_assignments', w.total_assignments
            ),
            'courses', coalesce(c.said, '[]'),
            'assignments', coalesce(a.said, '[]'),
            'students_needing_attention', n.attention,
            'latest_submissions', coalesce(s.submissions, '[]')
        ),
        coalesce(c.ids, '{}') || n.shown || coalesce(s.shown, '{}'),
        least(now() + interval '15 minutes', clock.midnight, n.changes_at),
        board.snapshot()
    from unnest(people) as m (id)
    join board.metrics_of(org, 'teacher', people) as w on w.person_id = m.id
    join board.staff_attention(org, 'teacher', people) as n on n.person_id = m.id
    left join board.staff_submissions(org, 'teacher', people) as s on s.person_id = m.id
    left join course as c on c.teacher_id = m.id
    left join assignment as a on a.teacher_id = m.id;
end
$$;
comment on function board.teacher_documents(bigint, uuid[]) is
'The dashboards of teachers as of now, for one or for many, as board.dashboard_cache keeps them: metrics (board.metrics_of), courses
(active_students, average of all work that counts), assignments (at most a hundred, the latest due first, drafts too: submitted of which
graded and ungraded, pending, average), students_needing_attention (board.staff_attention), latest_submissions
(board.staff_submissions). What the teacher may read by SQL, and no more. Each person once.';
revoke all on function board.teacher_documents(bigint, uuid[]) from public;
