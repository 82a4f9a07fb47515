create or replace view board.student_course_performance_recount
with (security_invoker = true) as
select
    f.org_id, f.student_id, f.course_id,
    bool_or(f.counted) as counted,
    sum(f.quizzes)::integer as total_quizzes_completed,
    sum(f.quiz_score) as quiz_score_sum,
    sum(f.assignments)::integer as total_assignments_completed,
    sum(f.assignment_score) as assignment_score_sum,
    sum(f.pending)::integer as pending_submissions,
    sum(f.ungraded)::integer as ungraded_submissions
from (
    select
        org_id, student_id, course_id, false as counted,
        0 as quizzes, 0::numeric as quiz_score,
        (grade is not null)::integer as assignments, coalesce(grade, 0) as assignment_score,
        (grade is null and submitted_at is null)::integer as pending,
        (grade is null and submitted_at is not null)::integer as ungraded
    from school.submission
    union all
    select org_id, student_id, course_id, false, 1, score, 0, 0, 0, 0
    from school.quiz_attempt
    where completed_at is not null and score is not null
    union all
    select org_id, student_id, course_id, status in ('active', 'completed'), 0, 0, 0, 0, 0, 0
    from school.enrollment
) as f
group by f.org_id, f.student_id, f.course_id;
comment on view board.student_course_performance_recount is
'What board.student_course_performance should hold, counted from the facts. Conditions on organization and student reach them.';
