-- depends: 0002_people

create table school.course (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    code text not null,
    title text not null,
    starts_on date,
    ends_on date,
    source text,
    external_id text,
    constraint course_pkey primary key (org_id, id),
    constraint course_organization_fkey foreign key (org_id) references school.organization (org_id),
    constraint course_external_key unique (org_id, source, external_id),
    constraint course_external_is_whole check ((source is null) = (external_id is null)),
    constraint course_code_is_given check (length(code) between 1 and 100),
    constraint course_title_is_given check (length(title) between 1 and 500),
    constraint course_ends_after_start check (ends_on >= starts_on)
);
comment on table school.course is 'One run of a course: the same subject in another term is another row.';
comment on column school.course.code is 'Short name people use, such as MATH-7 or AAA-2013J.';
comment on column school.course.starts_on is 'First day, in the organization''s time zone.';
comment on column school.course.ends_on is 'Last day, in the organization''s time zone.';
comment on column school.course.source is 'System that external_id comes from.';
comment on column school.course.external_id is 'Key of the course in that system.';
alter table school.course enable row level security;
alter table school.course force row level security;

create table school.course_teacher (
    org_id bigint not null,
    course_id uuid not null,
    teacher_id uuid not null,
    constraint course_teacher_pkey primary key (org_id, course_id, teacher_id),
    constraint course_teacher_course_fkey foreign key (org_id, course_id) references school.course (org_id, id) on delete cascade,
    constraint course_teacher_teacher_fkey foreign key (org_id, teacher_id) references school.person (org_id, id) on delete cascade
);
comment on table school.course_teacher is 'A teacher of a course may read everything in it.';
create index course_teacher_teacher_idx on school.course_teacher (org_id, teacher_id, course_id);
alter table school.course_teacher enable row level security;
alter table school.course_teacher force row level security;

create table school.enrollment (
    org_id bigint not null,
    student_id uuid not null,
    course_id uuid not null,
    status text not null default 'active',
    enrolled_on date,
    ended_on date,
    source text,
    external_id text,
    constraint enrollment_pkey primary key (org_id, student_id, course_id),
    constraint enrollment_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint enrollment_course_fkey foreign key (org_id, course_id) references school.course (org_id, id) on delete cascade,
    constraint enrollment_external_key unique (org_id, source, external_id),
    constraint enrollment_external_is_whole check ((source is null) = (external_id is null)),
    constraint enrollment_status_is_known check (status in ('active', 'completed', 'dropped')),
    constraint enrollment_ends_when_over check (ended_on is null or status <> 'active')
);
comment on table school.enrollment is 'A student in a course. One row per student and course: who re-enrolls gets the same row back with status active.';
comment on column school.enrollment.status is 'active, completed or dropped. Work counts while active and after completion; dropping takes it out, re-enrolling brings it back.';
comment on column school.enrollment.enrolled_on is 'Day of registration, where the source knows it; may lie before the course starts.';
comment on column school.enrollment.ended_on is 'Day on which the student completed or dropped the course, where the source knows it.';
comment on column school.enrollment.source is 'System that external_id comes from.';
comment on column school.enrollment.external_id is 'Key of the enrollment in that system.';
create index enrollment_course_idx on school.enrollment (org_id, course_id, student_id);
alter table school.enrollment enable row level security;
alter table school.enrollment force row level security;
