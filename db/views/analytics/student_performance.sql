create or replace view analytics.student_performance
with (security_invoker = true) as
select
    s.org_id, s.id as student_id, s.name as student_name, s.is_active, p.last_performance_update,
    r.person_id is not null as is_student,
    coalesce(p.total_quizzes_completed, 0) as total_quizzes_completed,
    coalesce(p.quiz_score_sum, 0) as quiz_score_sum,
    coalesce(p.total_assignments_completed, 0) as total_assignments_completed,
    coalesce(p.assignment_score_sum, 0) as assignment_score_sum,
    board.average(p.quiz_score_sum, p.total_quizzes_completed) as overall_quiz_average_score,
    board.average(p.assignment_score_sum, p.total_assignments_completed) as overall_assignment_average_score,
    board.average(
        p.quiz_score_sum + p.assignment_score_sum, p.total_quizzes_completed + p.total_assignments_completed
    ) as overall_average_score
from school.person as s
left join school.person_role as r on r.org_id = s.org_id and r.person_id = s.id and r.role = 'student'
left join board.student_performance as p on p.org_id = s.org_id and p.student_id = s.id
where r.person_id is not null or p.total_quizzes_completed + p.total_assignments_completed > 0;
comment on view analytics.student_performance is
'How does each student do, over all courses? One row per person who holds the role student or has work that counts.
Example: select student_name, overall_average_score from analytics.student_performance order by overall_average_score desc nulls last limit 10;';
comment on column analytics.student_performance.org_id is 'The organization.';
comment on column analytics.student_performance.student_id is 'The student: school.person.id.';
comment on column analytics.student_performance.student_name is 'Full name.';
comment on column analytics.student_performance.is_active is 'False for people who are shut out; their work still counts.';
comment on column analytics.student_performance.is_student is 'Whether the person holds the role student today.';
comment on column analytics.student_performance.total_quizzes_completed is 'Quiz attempts completed and scored, in courses that count (active or completed).';
comment on column analytics.student_performance.quiz_score_sum is 'Sum of their scores, per cent: add these up to average over several students.';
comment on column analytics.student_performance.total_assignments_completed is 'Submissions graded, in courses that count.';
comment on column analytics.student_performance.assignment_score_sum is 'Sum of their grades, per cent: add these up to average over several students.';
comment on column analytics.student_performance.overall_quiz_average_score is 'Mean quiz score, per cent with two decimals; null without a quiz.';
comment on column analytics.student_performance.overall_assignment_average_score is 'Mean grade, per cent with two decimals; null without graded work.';
comment on column analytics.student_performance.overall_average_score is 'Mean of all quizzes and assignments together, each counting once, per cent with two decimals.';
comment on column analytics.student_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
grant select on analytics.student_performance to homeroom_analyst, homeroom_admin;
