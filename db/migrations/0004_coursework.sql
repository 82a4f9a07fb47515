-- depends: 0003_courses

-- Coursework: what is set (assignment, quiz) and what a student did with it (submission, quiz_attempt). The latter carry
-- course_id, although the parent knows it, because they are aggregated by it: after a cascading delete a trigger can no
-- longer look a parent up. The composite foreign keys keep the copy true and move it along when a parent changes course.

create table school.assignment (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    course_id uuid not null,
    author_id uuid,
    title text not null,
    description text,
    status text not null default 'published',
    due_at timestamptz,
    weight numeric(6, 2),
    source text,
    external_id text,
    constraint assignment_pkey primary key (org_id, id),
    constraint assignment_course_key unique (org_id, id, course_id),
    constraint assignment_course_fkey foreign key (org_id, course_id) references school.course (org_id, id) on delete cascade,
    constraint assignment_author_fkey foreign key (org_id, author_id) references school.person (org_id, id) on delete set null (author_id),
    constraint assignment_external_key unique (org_id, source, external_id),
    constraint assignment_external_is_whole check ((source is null) = (external_id is null)),
    constraint assignment_title_is_given check (length(title) between 1 and 500),
    constraint assignment_status_is_known check (status in ('draft', 'published', 'closed')),
    constraint assignment_due_is_finite check (isfinite(due_at)),
    constraint assignment_weight_is_not_negative check (weight >= 0)
);
comment on table school.assignment is 'Work that a course sets and a teacher grades.';
comment on column school.assignment.author_id is 'The teacher who set it.';
comment on column school.assignment.status is 'draft (only teachers see it), published, closed (no more submissions).';
comment on column school.assignment.weight is 'Share in the course''s final result as the source counts it (a course''s weights may sum to 100, 200 or 300).';
comment on column school.assignment.source is 'System that external_id comes from.';
comment on column school.assignment.external_id is 'Key of the assignment in that system.';
create index assignment_course_idx on school.assignment (org_id, course_id, due_at);
create index assignment_author_idx on school.assignment (org_id, author_id);
alter table school.assignment enable row level security;
alter table school.assignment force row level security;

create table school.submission (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    assignment_id uuid not null,
    course_id uuid not null,
    student_id uuid not null,
    submitted_at timestamptz,
    grade numeric(9, 6),
    graded_at timestamptz,
    is_banked boolean not null default false,
    source text,
    external_id text,
    constraint submission_pkey primary key (org_id, id),
    constraint submission_student_key unique (org_id, assignment_id, student_id),
    constraint submission_assignment_fkey foreign key (org_id, assignment_id, course_id)
        references school.assignment (org_id, id, course_id) on update cascade on delete cascade,
    constraint submission_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint submission_external_key unique (org_id, source, external_id),
    constraint submission_external_is_whole check ((source is null) = (external_id is null)),
    constraint submission_grade_is_a_percentage check (grade between 0 and 100),
    constraint submission_grade_has_its_time check ((grade is null) = (graded_at is null)),
    constraint submission_times_are_finite check (isfinite(submitted_at) and isfinite(graded_at))
);
comment on table school.submission is 'A student''s work on an assignment: pending while submitted_at is null, ungraded while grade is null. One row per student and assignment; resubmitting updates it.';
comment on column school.submission.course_id is 'The assignment''s course; follows it by foreign key when the assignment moves.';
comment on column school.submission.grade is 'Percentage 0 to 100, kept to six decimals; null until graded. Graded work counts in the aggregates.';
comment on column school.submission.graded_at is 'When the grade was given; set together with grade.';
comment on column school.submission.is_banked is 'The result was carried over from an earlier run of the course.';
comment on column school.submission.source is 'System that external_id comes from.';
comment on column school.submission.external_id is 'Key of the submission in that system.';
create index submission_student_idx on school.submission (org_id, student_id, graded_at);
create index submission_course_idx on school.submission (org_id, course_id);
alter table school.submission enable row level security;
alter table school.submission force row level security;

create table school.quiz (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    course_id uuid not null,
    title text not null,
    status text not null default 'published',
    due_at timestamptz,
    weight numeric(6, 2),
    source text,
    external_id text,
    constraint quiz_pkey primary key (org_id, id),
    constraint quiz_course_key unique (org_id, id, course_id),
    constraint quiz_course_fkey foreign key (org_id, course_id) references school.course (org_id, id) on delete cascade,
    constraint quiz_external_key unique (org_id, source, external_id),
    constraint quiz_external_is_whole check ((source is null) = (external_id is null)),
    constraint quiz_title_is_given check (length(title) between 1 and 500),
    constraint quiz_status_is_known check (status in ('draft', 'published', 'closed')),
    constraint quiz_due_is_finite check (isfinite(due_at)),
    constraint quiz_weight_is_not_negative check (weight >= 0)
);
comment on table school.quiz is 'A test or exam that is scored by itself.';
comment on column school.quiz.status is 'draft (only teachers see it), published, closed (no more attempts).';
comment on column school.quiz.weight is 'Share in the course''s final result as the source counts it.';
comment on column school.quiz.source is 'System that external_id comes from.';
comment on column school.quiz.external_id is 'Key of the quiz in that system.';
create index quiz_course_idx on school.quiz (org_id, course_id, due_at);
alter table school.quiz enable row level security;
alter table school.quiz force row level security;

create table school.quiz_attempt (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    quiz_id uuid not null,
    course_id uuid not null,
    student_id uuid not null,
    started_at timestamptz,
    completed_at timestamptz,
    score numeric(9, 6),
    is_banked boolean not null default false,
    source text,
    external_id text,
    constraint quiz_attempt_pkey primary key (org_id, id),
    constraint quiz_attempt_quiz_fkey foreign key (org_id, quiz_id, course_id)
        references school.quiz (org_id, id, course_id) on update cascade on delete cascade,
    constraint quiz_attempt_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint quiz_attempt_external_key unique (org_id, source, external_id),
    constraint quiz_attempt_external_is_whole check ((source is null) = (external_id is null)),
    constraint quiz_attempt_score_is_a_percentage check (score between 0 and 100),
    constraint quiz_attempt_ends_after_start check (completed_at >= started_at),
    constraint quiz_attempt_times_are_finite check (isfinite(started_at) and isfinite(completed_at))
);
comment on table school.quiz_attempt is 'One go of a student at a quiz. It counts in the aggregates once completed_at and score are both set.';
comment on column school.quiz_attempt.course_id is 'The quiz''s course; follows it by foreign key when the quiz moves.';
comment on column school.quiz_attempt.score is 'Percentage 0 to 100, kept to six decimals.';
comment on column school.quiz_attempt.is_banked is 'The result was carried over from an earlier run of the course.';
comment on column school.quiz_attempt.source is 'System that external_id comes from.';
comment on column school.quiz_attempt.external_id is 'Key of the attempt in that system.';
create index quiz_attempt_quiz_idx on school.quiz_attempt (org_id, quiz_id, student_id);
create index quiz_attempt_student_idx on school.quiz_attempt (org_id, student_id, completed_at);
create index quiz_attempt_course_idx on school.quiz_attempt (org_id, course_id);
alter table school.quiz_attempt enable row level security;
alter table school.quiz_attempt force row level security;
