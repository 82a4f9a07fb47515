create or replace view board.course_rollup_recount
with (security_invoker = true) as
select
    c.org_id, c.course_id,
    count(*) as enrollments,
    sum(c.total_quizzes_completed) as total_quizzes_completed,
    sum(c.quiz_score_sum) as quiz_score_sum,
    sum(c.total_assignments_completed) as total_assignments_completed,
    sum(c.assignment_score_sum) as assignment_score_sum,
    sum(c.pending_submissions) as pending_submissions,
    sum(c.ungraded_submissions) as ungraded_submissions
from board.student_course_performance_recount as c
where c.counted
group by c.org_id, c.course_id;
comment on view board.course_rollup_recount is 'What board.course_rollup and its deltas should add up to, counted from the facts.';
