-- depends: 0004_coursework

-- Sums and counts, never averages: an average is one division away, and only sums can be added to. No foreign keys:
-- while a person or a course is being deleted, the triggers of the facts that go with it still write here, last of all;
-- board.clear_performance takes away what they emptied. fillfactor 50 leaves room for updates in place.

create table board.student_course_performance (
    org_id bigint not null,
    student_id uuid not null,
    course_id uuid not null,
    counted boolean not null default false,
    total_quizzes_completed integer not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed integer not null default 0,
    assignment_score_sum numeric not null default 0,
    last_performance_update timestamptz,
    constraint student_course_performance_pkey primary key (org_id, student_id, course_id)
) with (fillfactor = 50);
comment on table board.student_course_performance is 'Per student and course: exact counts and sums of completed quizzes and graded assignments.';
comment on column board.student_course_performance.counted is 'Whether the enrollment lets these numbers count in the student''s total (active or completed). Kept on this row so that a fact and a concurrent drop meet on one lock.';
comment on column board.student_course_performance.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.student_course_performance.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.student_course_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
create index student_course_performance_course_idx on board.student_course_performance (org_id, course_id, student_id);
alter table board.student_course_performance enable row level security;
alter table board.student_course_performance force row level security;

create table board.student_performance (
    org_id bigint not null,
    student_id uuid not null,
    total_quizzes_completed integer not null default 0,
    quiz_score_sum numeric not null default 0,
    total_assignments_completed integer not null default 0,
    assignment_score_sum numeric not null default 0,
    last_performance_update timestamptz,
    constraint student_performance_pkey primary key (org_id, student_id)
) with (fillfactor = 50);
comment on table board.student_performance is 'Per student: the sum over the courses that count. Averages are sum / count at read (board.average).';
comment on column board.student_performance.quiz_score_sum is 'Sum of the scores (percent) behind total_quizzes_completed.';
comment on column board.student_performance.assignment_score_sum is 'Sum of the grades (percent) behind total_assignments_completed.';
comment on column board.student_performance.last_performance_update is 'When these numbers last changed; null while they never have.';
alter table board.student_performance enable row level security;
alter table board.student_performance force row level security;

create type board.performance_delta as (
    org_id bigint,
    student_id uuid,
    course_id uuid,
    quizzes integer,
    quiz_score_sum numeric,
    assignments integer,
    assignment_score_sum numeric
);
comment on type board.performance_delta is 'What a statement adds to (or, negative, takes from) one student''s numbers in one course.';

create type board.counted_change as (
    org_id bigint,
    student_id uuid,
    course_id uuid,
    counted boolean
);
comment on type board.counted_change is 'Whether a student''s numbers in a course count from now on.';

create type board.student_course as (
    org_id bigint,
    student_id uuid,
    course_id uuid
);
comment on type board.student_course is 'Key of a student''s numbers in a course.';
