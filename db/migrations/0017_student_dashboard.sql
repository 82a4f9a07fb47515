-- depends: 0011_truth 0016_messages

-- The student's dashboard: a document per student, kept ready, and the queue of those whose document is out of date. A reader
-- who finds the own document out of date makes it anew: the queue is for those who are not looking.

create table board.student_dashboard_cache (
    org_id bigint not null,
    student_id uuid not null,
    version bigint not null default 0,
    updated_at timestamptz,
    fresh_until timestamptz,
    seen_at timestamptz,
    computed_in pg_snapshot,
    scopes uuid[],
    document json,
    tier text,
    cohort_id uuid,
    readiness_score numeric,
    readiness_trend_7d numeric,
    time_to_ready integer,
    points bigint,
    streak_days integer,
    badges integer,
    missions_completed integer,
    missions_in_review integer,
    hours_this_week numeric,
    habits_today integer,
    habits_done_today integer,
    active_goals integer,
    portfolio_health numeric,
    assignments_due integer,
    assignments_overdue integer,
    assignments_ungraded integer,
    notifications_unread integer,
    notifications_urgent integer,
    constraint student_dashboard_cache_pkey primary key (org_id, student_id),
    constraint student_dashboard_cache_student_fkey foreign key (org_id, student_id)
        references school.person (org_id, id) on delete cascade,
    constraint student_dashboard_cache_is_whole check (
        (document is null) = (updated_at is null) and (document is null) = (fresh_until is null)
    )
-- A document fits on its page, twice: neither compressed at each refresh nor fetched from elsewhere at each read.
) with (fillfactor = 50, toast_tuple_target = 8160);
comment on table board.student_dashboard_cache is
'Per student: the dashboard as the student may see it (document, masked by tier) and its numbers unmasked, for those who look at many
students. A row comes with the role; its document with the first read or refresh. Read board.student_dashboard(), which never
answers one that is out of date.';
comment on column board.student_dashboard_cache.version is 'Grows by one whenever the document changes.';
comment on column board.student_dashboard_cache.updated_at is 'When the document was computed last; null while it never was.';
comment on column board.student_dashboard_cache.fresh_until is 'When time alone changes it next: a deadline, midnight, an expiry; 15 minutes after it was computed at the latest.';
comment on column board.student_dashboard_cache.seen_at is 'When the student read it last, to the hour.';
comment on column board.student_dashboard_cache.computed_in is 'Which transactions had ended when it was computed: a shared fact that changed in a transaction not visible here puts it out of date.';
comment on column board.student_dashboard_cache.scopes is 'Whose shared facts it shows: cohort, track, courses, mentor, missions begun. The organization''s are everybody''s.';
comment on column board.student_dashboard_cache.document is 'What the student reads, masked by tier; board.student_documents() says what is in it. What lags, the leaderboard, is not.';
comment on column board.student_dashboard_cache.tier is 'The tier whose masks it wears.';
comment on column board.student_dashboard_cache.cohort_id is 'The cohort it is about: the active membership that began last.';
comment on column board.student_dashboard_cache.readiness_score is 'The last score, per cent.';
comment on column board.student_dashboard_cache.readiness_trend_7d is 'The last score less that of seven days ago, percentage points.';
comment on column board.student_dashboard_cache.time_to_ready is 'Days until the track''s target at the present pace.';
comment on column board.student_dashboard_cache.points is 'All that were ever awarded.';
comment on column board.student_dashboard_cache.streak_days is 'Days in a row, up to today or yesterday, with a habit logged.';
comment on column board.student_dashboard_cache.badges is 'All that were ever awarded.';
comment on column board.student_dashboard_cache.missions_completed is 'Attempts that were approved.';
comment on column board.student_dashboard_cache.missions_in_review is 'Attempts submitted or in review.';
comment on column board.student_dashboard_cache.hours_this_week is 'Time spent with learning agents since Monday.';
comment on column board.student_dashboard_cache.habits_today is 'Active habits.';
comment on column board.student_dashboard_cache.habits_done_today is 'Active habits that were logged today.';
comment on column board.student_dashboard_cache.active_goals is 'Goals not completed.';
comment on column board.student_dashboard_cache.portfolio_health is '0 to 100; board.student_portfolio says how.';
comment on column board.student_dashboard_cache.assignments_due is 'Of active courses, still to be handed in and due later.';
comment on column board.student_dashboard_cache.assignments_overdue is 'Of active courses, still to be handed in and due already.';
comment on column board.student_dashboard_cache.assignments_ungraded is 'Handed in, waiting for a grade.';
comment on column board.student_dashboard_cache.notifications_unread is 'Not read yet.';
comment on column board.student_dashboard_cache.notifications_urgent is 'Not read yet and urgent.';
-- Who looks at it. Nothing that a refresh writes is indexed, so that it stays on its page.
create index student_dashboard_cache_seen_idx on board.student_dashboard_cache (org_id, seen_at) where seen_at is not null;
alter table board.student_dashboard_cache enable row level security;
alter table board.student_dashboard_cache force row level security;

create type board.priority as enum ('urgent', 'high', 'normal', 'low');
comment on type board.priority is 'In which order the worker refreshes what waits.';

create table board.dashboard_update_queue (
    org_id bigint not null,
    id bigint not null generated always as identity,
    subject text not null,
    subject_id uuid,
    priority board.priority not null default 'normal',
    reason text not null,
    queued_at timestamptz not null default clock_timestamp(),
    txid xid8 not null default pg_current_xact_id(),
    not_before timestamptz,
    processed_at timestamptz,
    attempts integer not null default 0,
    last_error text,
    dead_at timestamptz,
    constraint dashboard_update_queue_pkey primary key (org_id, id),
    constraint dashboard_update_queue_subject_is_known check (
        subject in ('student', 'course', 'cohort', 'track', 'mission', 'person', 'organization')
    ),
    constraint dashboard_update_queue_subject_is_whole check ((subject_id is null) = (subject = 'organization')),
    constraint dashboard_update_queue_ends_once check (processed_at is null or dead_at is null)
) with (fillfactor = 80);
comment on table board.dashboard_update_queue is
'Whose dashboard is out of date, and since when. Append-only for writers, who thus never wait for each other: a subject may stand here
many times, and is refreshed once for all of them. Facts that many dashboards share (a course''s assignments, a cohort''s sessions) put
one row here, whatever the number of students: the worker looks later who they are, and a reader compares the row''s transaction
with what the own document saw.';
comment on column board.dashboard_update_queue.subject is 'Whose dashboards: of a student; of all to whom this course, cohort, track, mission, person (a mentor) or organization matters.';
comment on column board.dashboard_update_queue.subject_id is 'Of a student, the person; null for the organization.';
comment on column board.dashboard_update_queue.priority is 'How soon the worker is to refresh it.';
comment on column board.dashboard_update_queue.txid is 'The transaction that changed the fact.';
comment on column board.dashboard_update_queue.reason is 'Which fact changed, or who asked.';
comment on column board.dashboard_update_queue.not_before is 'After a failure: when to try again.';
comment on column board.dashboard_update_queue.processed_at is 'When it was refreshed; null while it waits.';
comment on column board.dashboard_update_queue.attempts is 'How many refreshes failed.';
comment on column board.dashboard_update_queue.last_error is 'Why the last one did.';
comment on column board.dashboard_update_queue.dead_at is 'When the worker gave up: an operator looks at last_error. A read tries again none the less.';
create index dashboard_update_queue_student_idx on board.dashboard_update_queue (org_id, subject_id)
where subject = 'student' and processed_at is null;
create index dashboard_update_queue_shared_idx on board.dashboard_update_queue (org_id, subject_id) where subject <> 'student';
create index dashboard_update_queue_unspread_idx on board.dashboard_update_queue (org_id)
where subject <> 'student' and processed_at is null;
create index dashboard_update_queue_waiting_idx on board.dashboard_update_queue (org_id, priority, queued_at)
where processed_at is null and dead_at is null;
alter table board.dashboard_update_queue enable row level security;
alter table board.dashboard_update_queue force row level security;

create table board.leaderboard (
    org_id bigint not null,
    cohort_id uuid not null,
    student_id uuid not null,
    points bigint not null,
    rank bigint not null,
    percentile numeric not null,
    around_me jsonb not null,
    constraint leaderboard_pkey primary key (org_id, cohort_id, student_id),
    constraint leaderboard_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint leaderboard_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade
) with (fillfactor = 70);
comment on table board.leaderboard is 'The active members of each cohort by their points, as of board.leaderboard_refresh.as_of: the one thing of a dashboard that may lag.';
comment on column board.leaderboard.points is 'All that the student was ever awarded.';
comment on column board.leaderboard.rank is '1 is the best; equals share one.';
comment on column board.leaderboard.percentile is 'The percentage of the others who have fewer points.';
comment on column board.leaderboard.around_me is 'The two places before, this one and the two after: [{"rank", "name", "points", "is_me"}].';
create index leaderboard_student_idx on board.leaderboard (org_id, student_id);
alter table board.leaderboard enable row level security;
alter table board.leaderboard force row level security;

create table board.leaderboard_refresh (
    org_id bigint not null,
    as_of timestamptz not null,
    constraint leaderboard_refresh_pkey primary key (org_id),
    constraint leaderboard_refresh_organization_fkey foreign key (org_id) references school.organization (org_id) on delete cascade
);
comment on table board.leaderboard_refresh is 'When an organization''s leaderboards were made.';
comment on column board.leaderboard_refresh.as_of is 'The moment whose points they show.';
alter table board.leaderboard_refresh enable row level security;
alter table board.leaderboard_refresh force row level security;

create table ops.tier_mask (
    tier text not null,
    path text not null,
    shows_upgrade boolean not null default false,
    constraint tier_mask_pkey primary key (tier, path),
    constraint tier_mask_tier_is_known check (tier in ('free', 'premium')),
    constraint tier_mask_path_is_one check (path ~ '^[a-z_0-9]+(\.[a-z_0-9]+)*$')
);
comment on table ops.tier_mask is
'What of the dashboard a tier does not see. An operator may change it while the system runs: every document is masked anew.';
comment on column ops.tier_mask.tier is 'Who does not see it: free or premium.';
comment on column ops.tier_mask.path is 'Where in the document, keys joined by dots: readiness.gaps.';
comment on column ops.tier_mask.shows_upgrade is 'Whether "upgrade_required" stands in its place, rather than null.';
insert into ops.tier_mask (tier, path, shows_upgrade) values
('free', 'readiness.time_to_ready', false),
('free', 'readiness.gaps', true),
('free', 'ai_nudge', true),
('free', 'ai_nudge_id', false),
('free', 'leaderboard.percentile', false),
('free', 'cards.portfolio.health', false);
alter table ops.tier_mask enable row level security;
alter table ops.tier_mask force row level security;

-- Those who are students already. No force: the policies come with the code.
alter table school.person_role no force row level security;
alter table board.student_dashboard_cache no force row level security;
insert into board.student_dashboard_cache (org_id, student_id)
select r.org_id, r.person_id from school.person_role as r where r.role = 'student';
alter table school.person_role force row level security;
alter table board.student_dashboard_cache force row level security;

create table ops.action_receipt (
    org_id bigint not null,
    person_id uuid not null,
    idempotency_key text not null,
    action json not null,
    answer json not null,
    created_at timestamptz not null default now(),
    constraint action_receipt_pkey primary key (org_id, person_id, idempotency_key),
    constraint action_receipt_person_fkey foreign key (org_id, person_id) references school.person (org_id, id) on delete cascade,
    constraint action_receipt_key_is_short check (length(idempotency_key) between 1 and 200)
);
comment on table ops.action_receipt is
'Actions that came with an Idempotency-Key and were taken: the same key again gets the same answer, and changes nothing.';
comment on column ops.action_receipt.idempotency_key is 'What the client calls this action, unique to the person.';
comment on column ops.action_receipt.action is 'What was asked. Another action with the same key is a conflict.';
comment on column ops.action_receipt.answer is 'What was answered.';
alter table ops.action_receipt enable row level security;
alter table ops.action_receipt force row level security;

-- What is handed in may lie elsewhere.
alter table school.submission
    add column url text,
    add constraint submission_url_is_given check (length(url) between 1 and 500);
comment on column school.submission.url is 'Where the work lies; null where it came by another way.';

-- What a student has handed in is read from the index alone.
drop index school.submission_student_idx;
create index submission_student_idx on school.submission (org_id, student_id, graded_at) include (assignment_id, submitted_at);
drop index school.quiz_attempt_student_idx;
create index quiz_attempt_student_idx on school.quiz_attempt (org_id, student_id, completed_at) include (quiz_id);

-- The list of students takes a cohort too.
drop function if exists api.admin_student_performance;
