create or replace view board.course_total
with (security_invoker = true) as
select
    t.org_id, t.course_id,
    sum(t.enrollments)::bigint as enrollments,
    sum(t.total_quizzes_completed)::bigint as total_quizzes_completed,
    sum(t.quiz_score_sum)::numeric as quiz_score_sum,
    sum(t.total_assignments_completed)::bigint as total_assignments_completed,
    sum(t.assignment_score_sum)::numeric as assignment_score_sum,
    sum(t.pending_submissions)::bigint as pending_submissions,
    sum(t.ungraded_submissions)::bigint as ungraded_submissions
from (
    select
        org_id, course_id, enrollments, total_quizzes_completed, quiz_score_sum, total_assignments_completed,
        assignment_score_sum, pending_submissions, ungraded_submissions
    from board.course_rollup
    union all
    select
        org_id, course_id, enrollments, total_quizzes_completed, quiz_score_sum, total_assignments_completed,
        assignment_score_sum, pending_submissions, ungraded_submissions
    from board.work_delta
    where course_id is not null and counted
) as t
group by t.org_id, t.course_id;
comment on view board.course_total is
'Per course, exact at any moment: what has been folded into board.course_rollup and what waits in board.work_delta, added up in one
statement. Only enrollments that count. A course without any has no row, or zeros.';
comment on column board.course_total.enrollments is 'Enrollments that count: active or completed.';
comment on column board.course_total.total_quizzes_completed is 'Quiz attempts completed and scored, of enrollments that count.';
comment on column board.course_total.quiz_score_sum is 'Sum of their scores, per cent: board.average(quiz_score_sum, total_quizzes_completed) is the mean.';
comment on column board.course_total.total_assignments_completed is 'Submissions graded, of enrollments that count.';
comment on column board.course_total.assignment_score_sum is 'Sum of their grades, per cent.';
comment on column board.course_total.pending_submissions is 'Rows of school.submission (the work was given to that student) of which nothing was handed in yet. A published assignment without such rows adds none, though it is due.';
comment on column board.course_total.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';
grant select on board.course_total to homeroom_teacher, homeroom_analyst, homeroom_admin, homeroom_service;
