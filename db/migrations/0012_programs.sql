-- depends: 0004_coursework

-- Programs and the cohorts that go through them. Who is in which cohort decides what a student, a mentor and a director see
-- (auth.cohort_scope), so these tables are read at nearly every request: each has the index for that.

create table school.program (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    is_active boolean not null default true,
    source text,
    external_id text,
    constraint program_pkey primary key (org_id, id),
    constraint program_organization_fkey foreign key (org_id) references school.organization (org_id),
    constraint program_external_key unique (org_id, source, external_id),
    constraint program_external_is_whole check ((source is null) = (external_id is null)),
    constraint program_name_is_given check (length(name) between 1 and 500)
);
comment on table school.program is 'What students enroll for beside their courses: a bootcamp, a fellowship. It has tracks.';
comment on column school.program.is_active is 'False once nobody may begin it any more.';
comment on column school.program.source is 'System that external_id comes from.';
comment on column school.program.external_id is 'Key of the program in that system.';
alter table school.program enable row level security;
alter table school.program force row level security;

create table school.track (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    program_id uuid not null,
    name text not null,
    director_id uuid,
    target_readiness numeric(9, 6) not null default 80,
    source text,
    external_id text,
    constraint track_pkey primary key (org_id, id),
    constraint track_program_fkey foreign key (org_id, program_id) references school.program (org_id, id) on delete cascade,
    constraint track_director_fkey foreign key (org_id, director_id) references school.person (org_id, id)
        on delete set null (director_id),
    constraint track_external_key unique (org_id, source, external_id),
    constraint track_external_is_whole check ((source is null) = (external_id is null)),
    constraint track_name_is_given check (length(name) between 1 and 500),
    constraint track_target_readiness_is_a_percentage check (target_readiness between 0 and 100)
);
comment on table school.track is 'A way through a program, with its own competencies and missions.';
comment on column school.track.director_id is 'Who answers for the track and reads all of its cohorts.';
comment on column school.track.target_readiness is 'Readiness score (percent) at which a student of the track is ready.';
comment on column school.track.source is 'System that external_id comes from.';
comment on column school.track.external_id is 'Key of the track in that system.';
create index track_program_idx on school.track (org_id, program_id);
create index track_director_idx on school.track (org_id, director_id);
alter table school.track enable row level security;
alter table school.track force row level security;

create table school.cohort (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    track_id uuid not null,
    name text not null,
    starts_on date not null,
    ends_on date not null,
    mode text not null default 'online',
    status text not null default 'planned',
    seats_paid integer not null default 0,
    seats_scholarship integer not null default 0,
    seats_sponsored integer not null default 0,
    source text,
    external_id text,
    constraint cohort_pkey primary key (org_id, id),
    constraint cohort_track_fkey foreign key (org_id, track_id) references school.track (org_id, id) on delete cascade,
    constraint cohort_external_key unique (org_id, source, external_id),
    constraint cohort_external_is_whole check ((source is null) = (external_id is null)),
    constraint cohort_name_is_given check (length(name) between 1 and 500),
    constraint cohort_ends_after_start check (ends_on >= starts_on),
    constraint cohort_days_are_finite check (
        starts_on between '0002-01-01' and '9999-01-01'
        and ends_on between '0002-01-01' and '9999-01-01'
    ),
    constraint cohort_mode_is_known check (mode in ('online', 'onsite', 'hybrid')),
    constraint cohort_status_is_known check (status in ('planned', 'active', 'closed')),
    constraint cohort_seats_are_not_negative check (seats_paid >= 0 and seats_scholarship >= 0 and seats_sponsored >= 0)
);
comment on table school.cohort is 'A group of students who go through a track together.';
comment on column school.cohort.starts_on is 'First day, in the organization''s time zone.';
comment on column school.cohort.ends_on is 'Last day, in the organization''s time zone.';
comment on column school.cohort.mode is 'online, onsite or hybrid.';
comment on column school.cohort.status is 'planned, active or closed.';
comment on column school.cohort.seats_paid is 'Seats for students who pay.';
comment on column school.cohort.seats_scholarship is 'Seats for students on a scholarship.';
comment on column school.cohort.seats_sponsored is 'Seats for students whom a sponsor pays for.';
comment on column school.cohort.source is 'System that external_id comes from.';
comment on column school.cohort.external_id is 'Key of the cohort in that system.';
create index cohort_track_idx on school.cohort (org_id, track_id);
alter table school.cohort enable row level security;
alter table school.cohort force row level security;

create table school.cohort_member (
    org_id bigint not null,
    cohort_id uuid not null,
    student_id uuid not null,
    seat_pool text not null default 'paid',
    status text not null default 'active',
    joined_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint cohort_member_pkey primary key (org_id, cohort_id, student_id),
    constraint cohort_member_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint cohort_member_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint cohort_member_external_key unique (org_id, source, external_id),
    constraint cohort_member_external_is_whole check ((source is null) = (external_id is null)),
    constraint cohort_member_seat_pool_is_known check (seat_pool in ('paid', 'scholarship', 'sponsored')),
    constraint cohort_member_status_is_known check (status in ('active', 'completed', 'withdrawn')),
    constraint cohort_member_joined_is_finite check (joined_at between '0002-01-01' and '9999-01-01')
);
comment on table school.cohort_member is 'A student in a cohort. Who withdraws keeps the row and loses the view of the cohort, as its mentors lose that of the student.';
comment on column school.cohort_member.seat_pool is 'Which of the cohort''s seats the student has: paid, scholarship or sponsored.';
comment on column school.cohort_member.status is 'active, completed or withdrawn.';
comment on column school.cohort_member.source is 'System that external_id comes from.';
comment on column school.cohort_member.external_id is 'Key of the membership in that system.';
create index cohort_member_student_idx on school.cohort_member (org_id, student_id, cohort_id);
alter table school.cohort_member enable row level security;
alter table school.cohort_member force row level security;

create table school.cohort_mentor (
    org_id bigint not null,
    cohort_id uuid not null,
    mentor_id uuid not null,
    constraint cohort_mentor_pkey primary key (org_id, cohort_id, mentor_id),
    constraint cohort_mentor_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint cohort_mentor_mentor_fkey foreign key (org_id, mentor_id) references school.person (org_id, id) on delete cascade
);
comment on table school.cohort_mentor is 'A mentor of a cohort may read the cohort and the records of its members.';
create index cohort_mentor_mentor_idx on school.cohort_mentor (org_id, mentor_id, cohort_id);
alter table school.cohort_mentor enable row level security;
alter table school.cohort_mentor force row level security;

create table school.mentor_session (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    cohort_id uuid not null,
    mentor_id uuid,
    student_id uuid,
    title text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null default 'scheduled',
    url text,
    rating numeric(2, 1),
    source text,
    external_id text,
    constraint mentor_session_pkey primary key (org_id, id),
    constraint mentor_session_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint mentor_session_mentor_fkey foreign key (org_id, mentor_id) references school.person (org_id, id)
        on delete set null (mentor_id),
    constraint mentor_session_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint mentor_session_external_key unique (org_id, source, external_id),
    constraint mentor_session_external_is_whole check ((source is null) = (external_id is null)),
    constraint mentor_session_title_is_given check (length(title) between 1 and 500),
    constraint mentor_session_ends_after_start check (ends_at > starts_at),
    constraint mentor_session_times_are_finite check (
        starts_at between '0002-01-01' and '9999-01-01'
        and ends_at between '0002-01-01' and '9999-01-01'
    ),
    constraint mentor_session_status_is_known check (status in ('scheduled', 'held', 'missed', 'cancelled')),
    constraint mentor_session_url_is_given check (length(url) between 1 and 500),
    constraint mentor_session_rating_is_1_to_5 check (rating between 1 and 5)
);
comment on table school.mentor_session is 'A meeting with a mentor: of the whole cohort, or of one student.';
comment on column school.mentor_session.student_id is 'Whom the meeting is with; null for the whole cohort.';
comment on column school.mentor_session.status is 'scheduled, held, missed or cancelled.';
comment on column school.mentor_session.url is 'Where to join.';
comment on column school.mentor_session.rating is 'How good it was, 1 to 5; null while nobody said. Neither students nor parents read it.';
comment on column school.mentor_session.source is 'System that external_id comes from.';
comment on column school.mentor_session.external_id is 'Key of the session in that system.';
create index mentor_session_cohort_idx on school.mentor_session (org_id, cohort_id, starts_at);
create index mentor_session_mentor_idx on school.mentor_session (org_id, mentor_id, starts_at);
create index mentor_session_student_idx on school.mentor_session (org_id, student_id, starts_at);
alter table school.mentor_session enable row level security;
alter table school.mentor_session force row level security;

create table school.session_attendance (
    org_id bigint not null,
    session_id uuid not null,
    student_id uuid not null,
    joined_at timestamptz not null default now(),
    constraint session_attendance_pkey primary key (org_id, session_id, student_id),
    constraint session_attendance_session_fkey foreign key (org_id, session_id) references school.mentor_session (org_id, id)
        on delete cascade,
    constraint session_attendance_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint session_attendance_joined_is_finite check (joined_at between '0002-01-01' and '9999-01-01')
);
comment on table school.session_attendance is 'A student joined a mentor''s session.';
create index session_attendance_student_idx on school.session_attendance (org_id, student_id, session_id);
alter table school.session_attendance enable row level security;
alter table school.session_attendance force row level security;

create table school.milestone (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    cohort_id uuid not null,
    title text not null,
    due_at timestamptz not null,
    source text,
    external_id text,
    constraint milestone_pkey primary key (org_id, id),
    constraint milestone_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint milestone_external_key unique (org_id, source, external_id),
    constraint milestone_external_is_whole check ((source is null) = (external_id is null)),
    constraint milestone_title_is_given check (length(title) between 1 and 500),
    constraint milestone_due_is_finite check (due_at between '0002-01-01' and '9999-01-01')
);
comment on table school.milestone is 'What a cohort has to have reached by a time.';
comment on column school.milestone.source is 'System that external_id comes from.';
comment on column school.milestone.external_id is 'Key of the milestone in that system.';
create index milestone_cohort_idx on school.milestone (org_id, cohort_id, due_at);
alter table school.milestone enable row level security;
alter table school.milestone force row level security;

create table school.calendar_event (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    cohort_id uuid,
    title text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    source text,
    external_id text,
    constraint calendar_event_pkey primary key (org_id, id),
    constraint calendar_event_organization_fkey foreign key (org_id) references school.organization (org_id),
    constraint calendar_event_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint calendar_event_external_key unique (org_id, source, external_id),
    constraint calendar_event_external_is_whole check ((source is null) = (external_id is null)),
    constraint calendar_event_title_is_given check (length(title) between 1 and 500),
    constraint calendar_event_ends_after_start check (ends_at >= starts_at),
    constraint calendar_event_times_are_finite check (
        starts_at between '0002-01-01' and '9999-01-01'
        and ends_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.calendar_event is 'What is on: a workshop, a holiday, a fair.';
comment on column school.calendar_event.cohort_id is 'Whom it concerns; null for everybody of the organization.';
comment on column school.calendar_event.ends_at is 'Null where it is a moment.';
comment on column school.calendar_event.source is 'System that external_id comes from.';
comment on column school.calendar_event.external_id is 'Key of the event in that system.';
create index calendar_event_cohort_idx on school.calendar_event (org_id, cohort_id, starts_at);
alter table school.calendar_event enable row level security;
alter table school.calendar_event force row level security;
