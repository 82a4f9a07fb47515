create or replace view board.organization_rollup_recount
with (security_invoker = true) as
select
    r.org_id,
    sum(r.students)::bigint as students,
    sum(r.enrollments)::bigint as enrollments,
    sum(r.total_quizzes_completed)::bigint as total_quizzes_completed,
    sum(r.quiz_score_sum) as quiz_score_sum,
    sum(r.total_assignments_completed)::bigint as total_assignments_completed,
    sum(r.assignment_score_sum) as assignment_score_sum,
    sum(r.pending_submissions)::bigint as pending_submissions,
    sum(r.ungraded_submissions)::bigint as ungraded_submissions
from (
    select
        org_id, 0 as students, enrollments, total_quizzes_completed, quiz_score_sum, total_assignments_completed,
        assignment_score_sum, pending_submissions, ungraded_submissions
    from board.course_rollup_recount
    union all
    select org_id, 1, 0, 0, 0, 0, 0, 0, 0
    from school.person_role
    where role = 'student'
) as r
group by r.org_id;
comment on view board.organization_rollup_recount is 'What board.organization_rollup and its deltas should add up to, counted from the facts.';
