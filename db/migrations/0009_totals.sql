-- depends: 0006_performance 0008_ingest

-- Totals of courses and organizations. Everybody's facts end up in the same few rows, so a writer never updates them: a
-- statement appends what it adds (work_delta), a job folds that into the rollups, and readers add both up
-- (board.course_total, board.organization_total).

create schema analytics;
comment on schema analytics is 'Documented views for analysts: the same truth as on the dashboards, under the same rules, a view per question.';

-- A student's total over all courses is a handful of rows away: summing them at read costs less than a second row per fact.
drop table board.student_performance;
drop function if exists board.add_to_totals(board.performance_delta[]);

-- Whether an enrollment counts is asked of the enrollment, no longer told.
drop function if exists board.set_counted;
drop type board.counted_change;

alter table board.student_course_performance
    add column pending_submissions integer not null default 0,
    add column ungraded_submissions integer not null default 0,
    add column counted_changed_at timestamptz;
comment on column board.student_course_performance.counted_changed_at is 'When work last began or ceased to count with the enrollment: the total changed, the course''s own numbers did not.';
comment on column board.student_course_performance.pending_submissions is 'Submissions that were assigned and not handed in yet (no submitted_at, no grade).';
comment on column board.student_course_performance.ungraded_submissions is 'Submissions that were handed in and wait for their grade.';

alter type board.performance_delta add attribute pending integer;
alter type board.performance_delta add attribute ungraded integer;

create table board.course_rollup (
    org_id bigint not null,
    course_id uuid not null,
    enrollments bigint not null default 0,
    total_quizzes_completed bigint not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed bigint not null default 0,
    assignment_score_sum numeric not null default 0,
    pending_submissions bigint not null default 0,
    ungraded_submissions bigint not null default 0,
    constraint course_rollup_pkey primary key (org_id, course_id)
) with (fillfactor = 50);
comment on table board.course_rollup is 'Per course: what has been folded so far. Read board.course_total, which adds what has not.';
comment on column board.course_rollup.enrollments is 'Enrollments that count: active or completed.';
comment on column board.course_rollup.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.course_rollup.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.course_rollup.pending_submissions is 'Submissions not handed in yet, of enrollments that count.';
comment on column board.course_rollup.ungraded_submissions is 'Submissions that wait for their grade, of enrollments that count.';
alter table board.course_rollup enable row level security;
alter table board.course_rollup force row level security;

create table board.organization_rollup (
    org_id bigint not null,
    students bigint not null default 0,
    enrollments bigint not null default 0,
    total_quizzes_completed bigint not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed bigint not null default 0,
    assignment_score_sum numeric not null default 0,
    pending_submissions bigint not null default 0,
    ungraded_submissions bigint not null default 0,
    constraint organization_rollup_pkey primary key (org_id)
) with (fillfactor = 50);
comment on table board.organization_rollup is 'Per organization: what has been folded so far. Read board.organization_total, which adds what has not.';
comment on column board.organization_rollup.students is 'People who hold the role student.';
comment on column board.organization_rollup.enrollments is 'Enrollments that count: active or completed.';
comment on column board.organization_rollup.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.organization_rollup.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.organization_rollup.pending_submissions is 'Submissions not handed in yet, of enrollments that count.';
comment on column board.organization_rollup.ungraded_submissions is 'Submissions that wait for their grade, of enrollments that count.';
alter table board.organization_rollup enable row level security;
alter table board.organization_rollup force row level security;

-- No key: rows are only ever appended, and taken all together. Vacuumed by count, because it is nearly always nearly empty.
create table board.work_delta (
    org_id bigint not null,
    course_id uuid,
    students bigint not null default 0,
    enrollments bigint not null default 0,
    total_quizzes_completed bigint not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed bigint not null default 0,
    assignment_score_sum numeric not null default 0,
    pending_submissions bigint not null default 0,
    ungraded_submissions bigint not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0);
alter table board.work_delta replica identity full;
create index work_delta_course_idx on board.work_delta (org_id, course_id);
comment on table board.work_delta is 'What statements added to (or, negative, took from) the totals since the last fold: a row per statement and course.';
comment on column board.work_delta.course_id is 'Null where it concerns the organization alone.';
comment on column board.work_delta.students is 'People who became students.';
comment on column board.work_delta.enrollments is 'Enrollments that began to count.';
comment on column board.work_delta.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.work_delta.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.work_delta.pending_submissions is 'Submissions not handed in yet.';
comment on column board.work_delta.ungraded_submissions is 'Submissions that wait for their grade.';
alter table board.work_delta enable row level security;
alter table board.work_delta force row level security;
