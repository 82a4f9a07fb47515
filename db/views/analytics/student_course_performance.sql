create or replace view analytics.student_course_performance
with (security_invoker = true) as
select
    e.org_id, e.student_id, s.name as student_name,
    e.course_id, c.code as course_code, c.title as course_title,
    e.status as enrollment_status, e.enrolled_on, e.ended_on, p.last_performance_update,
    coalesce(p.total_quizzes_completed, 0) as total_quizzes_completed,
    coalesce(p.quiz_score_sum, 0) as quiz_score_sum,
    coalesce(p.total_assignments_completed, 0) as total_assignments_completed,
    coalesce(p.assignment_score_sum, 0) as assignment_score_sum,
    board.average(p.quiz_score_sum, p.total_quizzes_completed) as quiz_average_score,
    board.average(p.assignment_score_sum, p.total_assignments_completed) as assignment_average_score,
    board.average(
        p.quiz_score_sum + p.assignment_score_sum, p.total_quizzes_completed + p.total_assignments_completed
    ) as average_score,
    coalesce(p.pending_submissions, 0) as pending_submissions,
    coalesce(p.ungraded_submissions, 0) as ungraded_submissions
from school.enrollment as e
join school.person as s on s.org_id = e.org_id and s.id = e.student_id
join school.course as c on c.org_id = e.org_id and c.id = e.course_id
left join board.student_course_performance as p
    on p.org_id = e.org_id and p.student_id = e.student_id and p.course_id = e.course_id;
comment on view analytics.student_course_performance is
'How does a student do in each course? One row per enrollment, dropped ones too: filter on enrollment_status, for only active and
completed ones count in the student''s, the course''s and the organization''s totals.
Example: select course_code, average_score from analytics.student_course_performance where student_name = ''Ada Lovelace'' and enrollment_status <> ''dropped'';';
comment on column analytics.student_course_performance.org_id is 'The organization.';
comment on column analytics.student_course_performance.student_id is 'The student: school.person.id.';
comment on column analytics.student_course_performance.student_name is 'Full name.';
comment on column analytics.student_course_performance.course_id is 'The course: school.course.id.';
comment on column analytics.student_course_performance.course_code is 'Short name of the course.';
comment on column analytics.student_course_performance.course_title is 'Title of the course.';
comment on column analytics.student_course_performance.enrollment_status is 'active, completed or dropped. Dropped work is shown here and counts nowhere else.';
comment on column analytics.student_course_performance.enrolled_on is 'Day of registration, where the source knows it.';
comment on column analytics.student_course_performance.ended_on is 'Day on which the student completed or dropped the course, where the source knows it.';
comment on column analytics.student_course_performance.total_quizzes_completed is 'Quiz attempts completed and scored.';
comment on column analytics.student_course_performance.quiz_score_sum is 'Sum of their scores, per cent.';
comment on column analytics.student_course_performance.total_assignments_completed is 'Submissions graded.';
comment on column analytics.student_course_performance.assignment_score_sum is 'Sum of their grades, per cent.';
comment on column analytics.student_course_performance.quiz_average_score is 'Mean quiz score, per cent with two decimals; null without a quiz.';
comment on column analytics.student_course_performance.assignment_average_score is 'Mean grade, per cent with two decimals; null without graded work.';
comment on column analytics.student_course_performance.average_score is 'Mean of all quizzes and assignments together, each counting once, per cent with two decimals.';
comment on column analytics.student_course_performance.pending_submissions is 'Rows of school.submission (the work was given to that student) of which nothing was handed in yet. A published assignment without such rows adds none, though it is due.';
comment on column analytics.student_course_performance.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';
comment on column analytics.student_course_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
grant select on analytics.student_course_performance to homeroom_analyst, homeroom_admin;
