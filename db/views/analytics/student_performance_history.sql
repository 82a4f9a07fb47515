-- Conditions on organization and student reach the facts through the window, which is partitioned by both; a condition on
-- the day cannot, because a day's numbers are the sum of all days before.
create or replace view analytics.student_performance_history
with (security_invoker = true) as
select
    h.org_id, h.student_id, h.day,
    h.total_quizzes_completed, h.quiz_score_sum, h.total_assignments_completed, h.assignment_score_sum,
    board.average(h.quiz_score_sum, h.total_quizzes_completed) as overall_quiz_average_score,
    board.average(h.assignment_score_sum, h.total_assignments_completed) as overall_assignment_average_score,
    board.average(
        h.quiz_score_sum + h.assignment_score_sum, h.total_quizzes_completed + h.total_assignments_completed
    ) as overall_average_score
from (
    select
        d.org_id, d.student_id, d.day,
        sum(d.quizzes) over earlier::bigint as total_quizzes_completed,
        sum(d.quiz_score_sum) over earlier as quiz_score_sum,
        sum(d.assignments) over earlier::bigint as total_assignments_completed,
        sum(d.assignment_score_sum) over earlier as assignment_score_sum
    from (
        select
            f.org_id, f.student_id, board.local_day(f.counted_at, o.time_zone) as day,
            sum(f.quizzes) as quizzes, sum(f.quiz_score) as quiz_score_sum,
            sum(f.assignments) as assignments, sum(f.grade) as assignment_score_sum
        from (
            select
                org_id, student_id, course_id, completed_at as counted_at,
                1 as quizzes, score as quiz_score, 0 as assignments, 0 as grade
            from school.quiz_attempt
            where completed_at is not null and score is not null
            union all
            select org_id, student_id, course_id, graded_at, 0, 0, 1, grade
            from school.submission
            where grade is not null
        ) as f
        join school.enrollment as e
            on e.org_id = f.org_id and e.student_id = f.student_id and e.course_id = f.course_id
            and e.status in ('active', 'completed')
        join school.organization as o on o.org_id = f.org_id
        group by f.org_id, f.student_id, board.local_day(f.counted_at, o.time_zone)
    ) as d
    window earlier as (partition by d.org_id, d.student_id order by d.day)
) as h;
comment on view analytics.student_performance_history is
'How have a student''s numbers grown? One row per student and day on which work was graded or a quiz completed, in courses that count
today: counts and sums up to the end of that day. The student''s last row equals analytics.student_performance.
Filter on student_id, which is quick; all students at once read all graded work.
Example: select day, overall_average_score from analytics.student_performance_history where student_id = ''…'' order by day;';
comment on column analytics.student_performance_history.org_id is 'The organization.';
comment on column analytics.student_performance_history.student_id is 'The student: school.person.id.';
comment on column analytics.student_performance_history.day is 'The day, in the organization''s time zone, of graded_at or completed_at; today for what is dated ahead. A day without a row has the numbers of the row before.';
comment on column analytics.student_performance_history.total_quizzes_completed is 'Quiz attempts completed and scored, from the beginning to the end of this day.';
comment on column analytics.student_performance_history.quiz_score_sum is 'Sum of their scores, per cent.';
comment on column analytics.student_performance_history.total_assignments_completed is 'Submissions graded, from the beginning to the end of this day.';
comment on column analytics.student_performance_history.assignment_score_sum is 'Sum of their grades, per cent.';
comment on column analytics.student_performance_history.overall_quiz_average_score is 'Mean quiz score by then, per cent with two decimals; null without a quiz.';
comment on column analytics.student_performance_history.overall_assignment_average_score is 'Mean grade by then, per cent with two decimals; null without graded work.';
comment on column analytics.student_performance_history.overall_average_score is 'Mean of all quizzes and assignments by then, each counting once, per cent with two decimals.';
grant select on analytics.student_performance_history to homeroom_analyst, homeroom_admin;
