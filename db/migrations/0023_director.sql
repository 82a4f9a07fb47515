-- depends: 0022_cohort_totals

-- The director's dashboards: a summary per director and admin, kept beside those of teachers, and a page per cohort.

alter table board.dashboard_cache
    drop constraint dashboard_cache_role_has_one,
    add constraint dashboard_cache_role_has_one check (role in ('teacher', 'tutor', 'parent', 'director', 'admin'));
comment on table board.dashboard_cache is
'Per parent, teacher, tutor, director and admin: the dashboard as that person may see it in that role. A row comes with the role; its
document when the person first looks, a director''s and an admin''s within five minutes. Read board.dashboard(), which never answers one that
is out of date.';
comment on column board.dashboard_cache.role is 'In which role: teacher, tutor, parent, director or admin.';
comment on column board.dashboard_cache.scopes is
'Whose facts it shows. A teacher''s: the courses, and the students that it names. A parent''s or tutor''s: the students, and all their courses. A
director''s or admin''s: empty, for it would grow with the cohorts; marks say whom they concern.';

-- Those who hold the roles already. No force: the policies come with the code.
alter table school.person_role no force row level security;
alter table board.dashboard_cache no force row level security;
insert into board.dashboard_cache (org_id, role, person_id)
select r.org_id, r.role, r.person_id from school.person_role as r where r.role in ('director', 'admin');
alter table school.person_role force row level security;
alter table board.dashboard_cache force row level security;

create table board.director_cohort_dashboard (
    org_id bigint not null,
    cohort_id uuid not null,
    director_id uuid,
    version bigint not null default 0,
    updated_at timestamptz,
    fresh_until timestamptz,
    seen_at timestamptz,
    computed_in pg_snapshot,
    scopes uuid[],
    seats_total bigint,
    seats_used bigint,
    used_paid bigint,
    used_scholarship bigint,
    used_sponsored bigint,
    seat_utilization numeric,
    members_active bigint,
    members_completed bigint,
    members_withdrawn bigint,
    readiness numeric,
    readiness_students bigint,
    completion_rate numeric,
    missions_due bigint,
    missions_started bigint,
    missions_submitted bigint,
    missions_in_review bigint,
    missions_approved bigint,
    missions_rejected bigint,
    stalled_reviews bigint,
    portfolio_health numeric,
    portfolio_students bigint,
    portfolio_items bigint,
    portfolio_approved bigint,
    mentors bigint,
    mentor_coverage numeric,
    session_completion numeric,
    sessions_scheduled bigint,
    sessions_held bigint,
    sessions_missed bigint,
    sessions_cancelled bigint,
    payments_due bigint,
    due_amount numeric,
    payments_overdue bigint,
    overdue_amount numeric,
    payments_paid bigint,
    paid_amount numeric,
    refunds bigint,
    refunded_amount numeric,
    revenue_month numeric,
    refunds_month numeric,
    document json,
    constraint director_cohort_dashboard_pkey primary key (org_id, cohort_id),
    constraint director_cohort_dashboard_cohort_fkey foreign key (org_id, cohort_id)
        references school.cohort (org_id, id) on delete cascade,
    constraint director_cohort_dashboard_is_whole check (
        (updated_at is null) = (computed_in is null)
        and (document is null) = (fresh_until is null) and (document is null) = (scopes is null)
        and (document is null or updated_at is not null)
    )
) with (fillfactor = 50);
comment on table board.director_cohort_dashboard is
'Per cohort: its page for the track''s director and for admins (document), and its numbers as of updated_at, for those who look at many cohorts. A row
comes with the cohort; the numbers within five minutes, the document when somebody looks. A track has one director, so this is one row per director and
cohort. Read board.current_cohort_dashboard(), which never answers a page that is out of date; board.cohort_states() computes the numbers of now.';
comment on column board.director_cohort_dashboard.director_id is 'Who directed the track as of updated_at.';
comment on column board.director_cohort_dashboard.version is 'Grows by one whenever the document changes.';
comment on column board.director_cohort_dashboard.updated_at is 'When the numbers, and the document if there is one, were computed; null while they never were.';
comment on column board.director_cohort_dashboard.fresh_until is
'When time alone changes the document next: a milestone, a review that stalls, midnight; 15 minutes after it was computed at the latest.';
comment on column board.director_cohort_dashboard.seen_at is 'When somebody read it last, to the hour: the document is kept ready for a day after.';
comment on column board.director_cohort_dashboard.computed_in is
'Which transactions had ended before it was computed: what changed in a transaction not visible here puts it out of date.';
comment on column board.director_cohort_dashboard.scopes is 'Whose shared facts the document shows: track and mentors.';
comment on column board.director_cohort_dashboard.document is 'The page; board.cohort_documents() says what is in it. Null unless somebody looked within a day.';
comment on column board.director_cohort_dashboard.seats_total is 'Seats of all pools.';
comment on column board.director_cohort_dashboard.seats_used is 'Members who have not withdrawn.';
comment on column board.director_cohort_dashboard.seat_utilization is 'seats_used of seats_total, per cent; null without seats.';
comment on column board.director_cohort_dashboard.readiness is 'Mean of the members'' newest readiness scores, per cent.';
comment on column board.director_cohort_dashboard.completion_rate is 'missions_approved of missions_due, per cent.';
comment on column board.director_cohort_dashboard.missions_due is 'Members times missions of the track that are no drafts.';
comment on column board.director_cohort_dashboard.stalled_reviews is 'Attempts that have waited for their review for setting stalled_review_days.';
comment on column board.director_cohort_dashboard.portfolio_health is 'Mean health of the members'' portfolios, 0 to 100.';
comment on column board.director_cohort_dashboard.mentor_coverage is
'Active members for whom there is room with a mentor (setting mentor_capacity each), per cent.';
comment on column board.director_cohort_dashboard.session_completion is 'Mentor sessions held, of those held or missed, per cent.';
comment on column board.director_cohort_dashboard.due_amount is 'What is still to be paid, overdue or not; amounts are in the organization''s currency.';
comment on column board.director_cohort_dashboard.payments_overdue is 'Payments due before today.';
comment on column board.director_cohort_dashboard.revenue_month is 'What was paid in the organization''s current month.';
comment on column board.director_cohort_dashboard.refunds_month is 'What was refunded in the organization''s current month.';
create index director_cohort_dashboard_seen_idx on board.director_cohort_dashboard (org_id, seen_at) where seen_at is not null;
alter table board.director_cohort_dashboard enable row level security;
alter table board.director_cohort_dashboard force row level security;

alter table school.cohort no force row level security;
alter table board.director_cohort_dashboard no force row level security;
insert into board.director_cohort_dashboard (org_id, cohort_id)
select c.org_id, c.id from school.cohort as c;
alter table school.cohort force row level security;
alter table board.director_cohort_dashboard force row level security;

-- Whose summary the worker is to compute: nobody else reads these marks.
alter table board.dashboard_update_queue
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent',
            'director', 'director summary', 'admin summary'
        )
    );
comment on column board.dashboard_update_queue.subject is
'Whose dashboards: of a student; of this teacher, tutor or parent; of all to whom this course, cohort, track, mission, person (a mentor,
a student by name) or organization matters; seat: of those who look after this student, who has come into a course; director: of the cohort
in cohort_id, of who directs it, and of admins; director summary, admin summary: of this person, for the worker alone.';
create index dashboard_update_queue_summary_idx on board.dashboard_update_queue (org_id, subject_id)
where subject in ('director summary', 'admin summary') and processed_at is null;
-- Of a cohort, what is still to be done: of what was done within the hour there may be much.
drop index board.dashboard_update_queue_director_waiting_idx;
create index dashboard_update_queue_cohort_waiting_idx on board.dashboard_update_queue (org_id, cohort_id)
where subject = 'director' and processed_at is null;

-- What waits for a review: few of all attempts.
create index mission_attempt_waiting_idx on school.mission_attempt (org_id, student_id) include (mission_id, submitted_at)
where state in ('submitted', 'in_review');

-- No force: the policies come with the code.
alter table ops.setting no force row level security;
insert into ops.setting (name, value, description, lower_bound, upper_bound) values
(
    'mentor_capacity', 25,
    'How many active members of a cohort one mentor looks after.',
    1, 10000
),
(
    'stalled_review_days', 7,
    'A review is stalled when the attempt has waited for it for so many days (of 24 hours).',
    1, 366
),
(
    'director_debounce', 2,
    'The worker leaves what it refreshed less than so many seconds ago, of cohorts and directors'' summaries.',
    0, 300
);
alter table ops.setting force row level security;
