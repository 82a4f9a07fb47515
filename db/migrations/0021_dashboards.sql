-- depends: 0020_assignment_totals

-- The dashboards of those who look after students: parents, teachers, tutors. A document per person and role, kept ready like the
-- student's; and who is connected at this moment, so that theirs come first.

create table board.dashboard_cache (
    org_id bigint not null,
    role text not null,
    person_id uuid not null,
    version bigint not null default 0,
    updated_at timestamptz,
    fresh_until timestamptz,
    seen_at timestamptz,
    computed_in pg_snapshot,
    scopes uuid[],
    document json,
    constraint dashboard_cache_pkey primary key (org_id, role, person_id),
    constraint dashboard_cache_person_fkey foreign key (org_id, person_id)
        references school.person (org_id, id) on delete cascade,
    constraint dashboard_cache_role_has_one check (role in ('teacher', 'tutor', 'parent')),
    constraint dashboard_cache_is_whole check (
        (document is null) = (updated_at is null) and (document is null) = (fresh_until is null)
        and (document is null) = (computed_in is null) and (document is null) = (scopes is null)
    )
) with (fillfactor = 50);
comment on table board.dashboard_cache is
'Per parent, teacher and tutor: the dashboard as that person may see it in that role. A row comes with the role; its document when the
person first looks. Read board.dashboard(), which never answers one that is out of date.';
comment on column board.dashboard_cache.role is 'In which role: teacher, tutor or parent.';
comment on column board.dashboard_cache.person_id is 'Whose dashboard.';
comment on column board.dashboard_cache.version is 'Grows by one whenever the document changes.';
comment on column board.dashboard_cache.updated_at is 'When the document was computed last; null while it never was.';
comment on column board.dashboard_cache.fresh_until is
'When time alone changes it next: a deadline, midnight; 15 minutes after it was computed at the latest.';
comment on column board.dashboard_cache.seen_at is 'When the person read it last, to the hour.';
comment on column board.dashboard_cache.computed_in is
'Which transactions had ended when it was computed: what changed in a transaction not visible here puts it out of date.';
comment on column board.dashboard_cache.scopes is
'Whose facts it shows. A teacher''s: the courses, and the students that it names. A parent''s or tutor''s: the students, and all their courses.';
comment on column board.dashboard_cache.document is 'What the person reads; board.parent_documents() and its siblings say what is in it.';
create index dashboard_cache_person_idx on board.dashboard_cache (org_id, person_id);
alter table board.dashboard_cache enable row level security;
alter table board.dashboard_cache force row level security;

-- Those who hold the roles already. No force: the policies come with the code.
alter table school.person_role no force row level security;
alter table board.dashboard_cache no force row level security;
insert into board.dashboard_cache (org_id, role, person_id)
select r.org_id, r.role, r.person_id from school.person_role as r where r.role in ('teacher', 'tutor', 'parent');
alter table school.person_role force row level security;
alter table board.dashboard_cache force row level security;

-- Marks of these dashboards, and of a student's work: in which course.
alter table board.dashboard_update_queue
    add column course_id uuid,
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent'
        )
    );
comment on column board.dashboard_update_queue.subject is
'Whose dashboards: of a student; of this teacher, tutor or parent; of all to whom this course, cohort, track, mission, person (a mentor,
a student by name) or organization matters; seat: of those who look after this student, who has come into a course.';
comment on column board.dashboard_update_queue.subject_id is 'Of a student, a seat, a teacher, tutor or parent, the person; null for the organization.';
comment on column board.dashboard_update_queue.course_id is
'Of a student''s work and enrollment, the course: to whom else it matters, its teachers and those who look after the student.';
-- What a document did not see: from the last transaction that it could have seen on. Processed marks too: a reader compares
-- transactions, and is not told by whom they were processed.
create index dashboard_update_queue_course_idx on board.dashboard_update_queue (org_id, course_id, txid, subject_id)
where course_id is not null;
create index dashboard_update_queue_person_idx on board.dashboard_update_queue (org_id, subject_id, subject, txid)
where subject in ('seat', 'teacher', 'tutor', 'parent');
create index dashboard_update_queue_person_waiting_idx on board.dashboard_update_queue (org_id, priority, queued_at)
where subject in ('teacher', 'tutor', 'parent') and processed_at is null and dead_at is null;

create unlogged table feed.presence (
    org_id bigint not null,
    person_id uuid not null,
    role text not null,
    until timestamptz not null,
    constraint presence_pkey primary key (org_id, role, person_id)
) with (fillfactor = 50);
comment on table feed.presence is
'Who has a stream open: their dashboards are refreshed first. Each process of the API says so twice a minute. Unlogged: after a crash nobody
is connected.';
comment on column feed.presence.person_id is 'Who.';
comment on column feed.presence.role is 'In which role.';
comment on column feed.presence.until is 'Until when this is believed, unless it is said again.';
alter table feed.presence enable row level security;
alter table feed.presence force row level security;

-- No force: the policies come with the code.
alter table ops.setting no force row level security;
insert into ops.setting (name, value, description, lower_bound, upper_bound) values
(
    'attention_overdue', 2,
    'A student needs attention with so many assignments of a course overdue.',
    1, 1000
),
(
    'attention_average', 60,
    'A student needs attention with an average in a course below this, per cent.',
    0, 100
),
(
    'attention_days', 14,
    'A student needs attention who has handed in nothing and completed no quiz of a course for so many days.',
    1, 366
);
alter table ops.setting force row level security;

-- They take whose courses the reader may see, and answer JSON as text where it is passed on.
drop function if exists board.course_breakdown;
drop function if exists board.last_graded_work;
drop function if exists board.upcoming_deadlines;
drop function if exists api.parent_dashboard;
