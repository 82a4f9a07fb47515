-- Not for teachers: the total spans courses that they do not teach. They read student_course_performance.
create or replace view board.student_performance
with (security_invoker = true) as
select
    p.org_id, p.student_id,
    coalesce(sum(p.total_quizzes_completed) filter (where p.counted), 0)::integer as total_quizzes_completed,
    coalesce(sum(p.quiz_score_sum) filter (where p.counted), 0) as quiz_score_sum,
    coalesce(sum(p.total_assignments_completed) filter (where p.counted), 0)::integer as total_assignments_completed,
    coalesce(sum(p.assignment_score_sum) filter (where p.counted), 0) as assignment_score_sum,
    greatest(max(p.last_performance_update) filter (where p.counted), max(p.counted_changed_at)) as last_performance_update
from board.student_course_performance as p
group by p.org_id, p.student_id;
comment on view board.student_performance is
'Per student: the sum over the courses that count, exact like the rows it adds up (board.student_course_performance). Averages are sum /
count at read (board.average). All 0 while no course counts.';
comment on column board.student_performance.total_quizzes_completed is 'Quiz attempts completed and scored.';
comment on column board.student_performance.quiz_score_sum is 'Sum of their scores, per cent.';
comment on column board.student_performance.total_assignments_completed is 'Submissions graded.';
comment on column board.student_performance.assignment_score_sum is 'Sum of their grades, per cent.';
comment on column board.student_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
grant select on board.student_performance to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin, homeroom_service;
