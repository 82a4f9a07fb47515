create or replace view analytics.course_performance
with (security_invoker = true) as
select
    c.org_id, c.id as course_id, c.code as course_code, c.title as course_title, c.starts_on, c.ends_on,
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
from school.course as c
left join board.course_total as t on t.org_id = c.org_id and t.course_id = c.id;
comment on view analytics.course_performance is
'How does each course do? One row per course, also one that nobody attends. Only enrollments that count: active or completed.
Example: select course_code, enrollments, average_score from analytics.course_performance where enrollments > 0 order by average_score;';
comment on column analytics.course_performance.org_id is 'The organization.';
comment on column analytics.course_performance.course_id is 'The course: school.course.id.';
comment on column analytics.course_performance.course_code is 'Short name of the course.';
comment on column analytics.course_performance.course_title is 'Title of the course.';
comment on column analytics.course_performance.starts_on is 'First day, in the organization''s time zone.';
comment on column analytics.course_performance.ends_on is 'Last day, in the organization''s time zone.';
comment on column analytics.course_performance.enrollments is 'Students whose enrollment counts.';
comment on column analytics.course_performance.total_quizzes_completed is 'Quiz attempts completed and scored.';
comment on column analytics.course_performance.quiz_score_sum is 'Sum of their scores, per cent: add these up to average over several courses.';
comment on column analytics.course_performance.total_assignments_completed is 'Submissions graded.';
comment on column analytics.course_performance.assignment_score_sum is 'Sum of their grades, per cent: add these up to average over several courses.';
comment on column analytics.course_performance.quiz_average_score is 'Mean quiz score, per cent with two decimals; null without a quiz.';
comment on column analytics.course_performance.assignment_average_score is 'Mean grade, per cent with two decimals; null without graded work.';
comment on column analytics.course_performance.average_score is 'Mean of all quizzes and assignments together, each counting once, per cent with two decimals.';
comment on column analytics.course_performance.pending_submissions is 'Rows of school.submission (the work was given to that student) of which nothing was handed in yet. A published assignment without such rows adds none, though it is due.';
comment on column analytics.course_performance.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';
grant select on analytics.course_performance to homeroom_analyst, homeroom_admin;
