-- depends: 0019_reads

-- Totals of assignments: what is pending, ungraded and graded in each, appended and folded as those of courses are, by the
-- same rows. Every submission counts here, also of who has dropped the course: that is what the teacher's own count says.

alter type board.performance_delta add attribute assignment_id uuid;

create table board.assignment_rollup (
    org_id bigint not null,
    course_id uuid not null,
    assignment_id uuid not null,
    pending_submissions bigint not null default 0,
    ungraded_submissions bigint not null default 0,
    total_assignments_completed bigint not null default 0,
    assignment_score_sum numeric not null default 0,
    constraint assignment_rollup_pkey primary key (org_id, course_id, assignment_id)
) with (fillfactor = 50);
comment on table board.assignment_rollup is 'Per assignment: what has been folded so far. Read board.assignment_total, which adds what has not.';
comment on column board.assignment_rollup.course_id is 'The assignment''s course. Of one that moved, what the former course had is taken away there and added here.';
comment on column board.assignment_rollup.pending_submissions is 'Submissions not handed in yet, whatever the enrollment.';
comment on column board.assignment_rollup.ungraded_submissions is 'Submissions that wait for their grade, whatever the enrollment.';
comment on column board.assignment_rollup.total_assignments_completed is 'Submissions graded, whatever the enrollment.';
comment on column board.assignment_rollup.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
alter table board.assignment_rollup enable row level security;
alter table board.assignment_rollup force row level security;

alter table board.work_delta
    add column assignment_id uuid,
    add column counted boolean not null default true;
comment on table board.work_delta is
'What statements added to (or, negative, took from) the totals since the last fold: a row per statement, course and assignment.';
comment on column board.work_delta.assignment_id is 'Null where it concerns no assignment: quizzes, enrollments that begin or cease to count.';
comment on column board.work_delta.counted is 'Whether it concerns course and organization; false for work of an enrollment that does not count, which the assignment alone has.';
