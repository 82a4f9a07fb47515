create or replace view analytics.organization_performance
with (security_invoker = true) as
select
    o.org_id, o.name as organization_name, o.time_zone,
    coalesce(t.students, 0) as students,
    coalesce(t.enrollments, 0) as enrollments,
    coalesce(t.total_quizzes_completed, 0) as total_quizzes_completed,
    coalesce(t.quiz_score_sum, 0) as quiz_score_sum,
    coalesce(t.total_assignments_completed, 0) as total_assignments_completed,
    coalesce(t.assignment_score_sum, 0) as assignment_score_sum,
    board.average(t.quiz_score_sum, t.total_quizzes_completed) as quiz_average_score,
    board.average(t.assignment_score_sum, t.total_assignments_completed) as assignment_average_score,
    board.average(
        t.quiz_score_sum + t.assignment_score_sum, t.total_quizzes_completed + t.total_assignments_completed
    ) as average_score,
    coalesce(t.pending_submissions, 0) as pending_submissions,
    coalesce(t.ungraded_submissions, 0) as ungraded_submissions
from school.organization as o
left join board.organization_total as t on t.org_id = o.org_id;
comment on view analytics.organization_performance is
'How does the whole school do? One row: the caller''s organization. Only enrollments that count: active or completed.
Example: select students, average_score, ungraded_submissions from analytics.organization_performance;';
comment on column analytics.organization_performance.org_id is 'The organization.';
comment on column analytics.organization_performance.organization_name is 'Its name.';
comment on column analytics.organization_performance.time_zone is 'IANA name of the time zone in which days begin here.';
comment on column analytics.organization_performance.students is 'People who hold the role student.';
comment on column analytics.organization_performance.enrollments is 'Enrollments that count: a student in three courses has three.';
comment on column analytics.organization_performance.total_quizzes_completed is 'Quiz attempts completed and scored.';
comment on column analytics.organization_performance.quiz_score_sum is 'Sum of their scores, per cent.';
comment on column analytics.organization_performance.total_assignments_completed is 'Submissions graded.';
comment on column analytics.organization_performance.assignment_score_sum is 'Sum of their grades, per cent.';
comment on column analytics.organization_performance.quiz_average_score is 'Mean quiz score, per cent with two decimals; null without a quiz.';
comment on column analytics.organization_performance.assignment_average_score is 'Mean grade, per cent with two decimals; null without graded work.';
comment on column analytics.organization_performance.average_score is 'Mean of all quizzes and assignments together, each counting once, per cent with two decimals.';
comment on column analytics.organization_performance.pending_submissions is 'Rows of school.submission (the work was given to that student) of which nothing was handed in yet. A published assignment without such rows adds none, though it is due.';
comment on column analytics.organization_performance.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';
grant select on analytics.organization_performance to homeroom_analyst, homeroom_admin;
