create or replace function board.tutor_documents(org bigint, people uuid[]) returns table (
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
begin
    return query
    with own as (
        select t.tutor_id, t.student_id from school.tutor_student as t where t.org_id = org and t.tutor_id = any (people)
    ),
    seat as materialized (
        select * from board.staff_seats(org, 'tutor', people)
    ),
    -- Which courses a tutor may read: auth.course_scope.
    readable as (
        select s.person_id, s.course_id, count(*) filter (where s.status = 'active') as students
        from seat as s
        where s.status <> 'dropped'
        group by s.person_id, s.course_id
    ),
    result as (
        select
            s.person_id, s.course_id,
            board.average(
                sum(p.quiz_score_sum + p.assignment_score_sum), sum(p.total_quizzes_completed + p.total_assignments_completed)
            ) as average
        from seat as s
        join board.student_course_performance as p on p.org_id = org and p.student_id = s.student_id and p.course_id = s.course_id
        where p.counted
        group by s.person_id, s.course_id
    ),
    course as (
        select
            r.person_id,
            jsonb_agg(jsonb_build_object(
                'id', c.id, 'code', c.code, 'title', c.title, 'active_students', r.students, 'average', k.average
            ) order by c.code, c.id) as said
        from readable as r
        join school.course as c on c.org_id = org and c.id = r.course_id
        left join result as k on k.person_id = r.person_id and k.course_id = r.course_id
        group by r.person_id
    ),
    placed as (
        select
            r.person_id, a.id, a.course_id, a.title, a.status, a.due_at,
            row_number() over (partition by r.person_id order by a.due_at desc nulls last, a.id) as place
        from readable as r
        join school.assignment as a on a.org_id = org and a.course_id = r.course_id
        where a.status <> 'draft'
    ),
    work as (
        select
            o.tutor_id, s.assignment_id,
            count(*) filter (where s.grade is null and s.submitted_at is null) as pending,
            count(*) filter (where s.grade is null and s.submitted_at is not null) as ungraded,
            count(s.grade) as graded,
            sum(s.grade) as grade_sum
        from own as o
        join school.submission as s on s.org_id = org and s.student_id = o.student_id
        group by o.tutor_id, s.assignment_id
    ),
    assignment as (
        select
            a.person_id,
            jsonb_agg(jsonb_build_object(
                'id', a.id, 'course_id', a.course_id, 'title', a.title, 'status', a.status, 'due_date', board.utc(a.due_at),
                'submitted', coalesce(k.ungraded + k.graded, 0), 'graded', coalesce(k.graded, 0),
                'pending', coalesce(k.pending, 0), 'ungraded', coalesce(k.ungraded, 0), 'average', board.average(k.grade_sum, k.graded)
            ) order by a.place) as said
        from placed as a
        left join work as k on k.tutor_id = a.person_id and k.assignment_id = a.id
        where a.place <= most
        group by a.person_id
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
        board.student_and_course_ids(org, array(select o.student_id from own as o where o.tutor_id = m.id)),
        least(now() + interval '15 minutes', clock.midnight, n.changes_at),
        board.snapshot()
    from unnest(people) as m (id)
    join board.metrics_of(org, 'tutor', people) as w on w.person_id = m.id
    join board.staff_attention(org, 'tutor', people) as n on n.person_id = m.id
    left join board.staff_submissions(org, 'tutor', people) as s on s.person_id = m.id
    left join course as c on c.person_id = m.id
    left join assignment as a on a.person_id = m.id;
end
$$;
comment on function board.tutor_documents(bigint, uuid[]) is
'The dashboards of tutors as of now, for one or for many: as board.teacher_documents, but of the students accompanied alone, in the courses
in which one of them is or was: what the tutor may read by SQL. Each person once.';
revoke all on function board.tutor_documents(bigint, uuid[]) from public;
