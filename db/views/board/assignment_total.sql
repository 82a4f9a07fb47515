create or replace view board.assignment_total
with (security_invoker = true) as
select
    t.org_id, t.course_id, t.assignment_id,
    sum(t.pending_submissions + t.ungraded_submissions + t.total_assignments_completed)::bigint as submissions,
    sum(t.pending_submissions)::bigint as pending_submissions,
    sum(t.ungraded_submissions)::bigint as ungraded_submissions,
    sum(t.total_assignments_completed)::bigint as graded_submissions,
    sum(t.assignment_score_sum)::numeric as grade_sum
from (
    select
        org_id, course_id, assignment_id, pending_submissions, ungraded_submissions, total_assignments_completed,
        assignment_score_sum
    from board.assignment_rollup
    union all
    select
        org_id, course_id, assignment_id, pending_submissions, ungraded_submissions, total_assignments_completed,
        assignment_score_sum
    from board.work_delta
    where course_id is not null and assignment_id is not null
) as t
group by t.org_id, t.course_id, t.assignment_id
-- Those that moved to another course, or were deleted, leave zeros until they are folded.
having sum(t.pending_submissions + t.ungraded_submissions + t.total_assignments_completed) <> 0;
comment on view board.assignment_total is
'Per assignment, exact at any moment: what has been folded into board.assignment_rollup and what waits in board.work_delta, added up in
one statement. All submissions count, also of students who have dropped the course. An assignment without any has no row. Ask for
org_id and course_id as well (= or = any): the rows of a course lie together.';
comment on column board.assignment_total.course_id is 'The assignment''s course.';
comment on column board.assignment_total.submissions is 'All that there are: pending, ungraded and graded.';
comment on column board.assignment_total.pending_submissions is 'Rows of school.submission (the work was given to that student) of which nothing was handed in yet. A published assignment without such rows adds none, though it is due.';
comment on column board.assignment_total.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';
comment on column board.assignment_total.graded_submissions is 'Submissions that have a grade.';
comment on column board.assignment_total.grade_sum is 'Sum of their grades, per cent: board.average(grade_sum, graded_submissions) is the mean.';
grant select on board.assignment_total to homeroom_teacher, homeroom_analyst, homeroom_admin, homeroom_service;
