-- depends: 0021_dashboards

-- What a director sees of a cohort, kept in numbers: members and seats, what they have reached, sessions, payments. What one member adds
-- stands in a row of its own (cohort_member_progress), so that a change is the difference to it; the cohort's sums are appended and folded
-- as those of courses are.

alter table school.organization
    add column currency text not null default 'USD',
    add constraint organization_currency_is_a_code check (currency ~ '^[A-Z]{3}$');
comment on column school.organization.currency is 'In which its payments are: a code of ISO 4217, three capital letters.';

create table school.payment (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    cohort_id uuid not null,
    student_id uuid,
    amount numeric(12, 2) not null,
    status text not null default 'due',
    due_on date not null,
    paid_on date,
    created_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint payment_pkey primary key (org_id, id),
    constraint payment_cohort_key unique (org_id, id, cohort_id),
    constraint payment_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint payment_student_fkey foreign key (org_id, student_id) references school.person (org_id, id)
        on delete set null (student_id),
    constraint payment_external_key unique (org_id, source, external_id),
    constraint payment_external_is_whole check ((source is null) = (external_id is null)),
    constraint payment_amount_is_positive check (amount between 0.01 and 9999999999.99),
    constraint payment_status_is_known check (status in ('due', 'paid', 'cancelled')),
    constraint payment_has_its_day check ((status = 'paid') = (paid_on is not null)),
    constraint payment_days_are_finite check (
        due_on between '0002-01-01' and '9999-01-01'
        and paid_on between '0002-01-01' and '9999-01-01'
        and created_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.payment is
'What is to be paid for a seat in a cohort, and what was. Days are accounting days of the organization, so that what belongs to a month
stays there.';
comment on column school.payment.student_id is 'Whose seat it is for; null once the person is deleted: what was paid stays.';
comment on column school.payment.amount is 'In the organization''s currency.';
comment on column school.payment.status is 'due, paid or cancelled.';
comment on column school.payment.due_on is 'Until which day it is to be paid. Due and before today is overdue.';
comment on column school.payment.paid_on is 'On which day it was paid; the month that it is revenue of.';
comment on column school.payment.source is 'System that external_id comes from.';
comment on column school.payment.external_id is 'Key of the payment in that system.';
create index payment_due_idx on school.payment (org_id, cohort_id, due_on) where status = 'due';
create index payment_cohort_idx on school.payment (org_id, cohort_id, paid_on);
create index payment_student_idx on school.payment (org_id, student_id);
alter table school.payment enable row level security;
alter table school.payment force row level security;

create table school.refund (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    payment_id uuid not null,
    cohort_id uuid not null,
    amount numeric(12, 2) not null,
    refunded_on date not null,
    reason text,
    created_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint refund_pkey primary key (org_id, id),
    constraint refund_payment_fkey foreign key (org_id, payment_id, cohort_id) references school.payment (org_id, id, cohort_id)
        on update cascade on delete cascade,
    constraint refund_external_key unique (org_id, source, external_id),
    constraint refund_external_is_whole check ((source is null) = (external_id is null)),
    constraint refund_amount_is_positive check (amount between 0.01 and 9999999999.99),
    constraint refund_reason_is_given check (length(reason) between 1 and 2000),
    constraint refund_days_are_finite check (
        refunded_on between '0002-01-01' and '9999-01-01'
        and created_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.refund is 'What was given back of a payment: of one that was paid, and all together no more than it.';
comment on column school.refund.cohort_id is 'The payment''s cohort.';
comment on column school.refund.amount is 'In the organization''s currency.';
comment on column school.refund.refunded_on is 'On which accounting day; the month that it counts in.';
comment on column school.refund.reason is 'Why, in words.';
comment on column school.refund.source is 'System that external_id comes from.';
comment on column school.refund.external_id is 'Key of the refund in that system.';
create index refund_payment_idx on school.refund (org_id, payment_id, cohort_id);
create index refund_cohort_idx on school.refund (org_id, cohort_id, refunded_on);
alter table school.refund enable row level security;
alter table school.refund force row level security;

-- No foreign key: it is written at every fact, and by who deletes a person too.
create table board.student_change (
    org_id bigint not null,
    student_id uuid not null,
    changes bigint not null default 1,
    constraint student_change_pkey primary key (org_id, student_id)
) with (fillfactor = 50);
comment on table board.student_change is
'The row that whoever changes what a student did, or in which cohort the student is, writes before counting anew (board.count_members): a fact
and a membership that change at the same time meet here, and the second counts what the first committed.';
comment on column board.student_change.changes is 'How many statements did. Nobody reads it: what matters is that the row is a new one.';
alter table board.student_change enable row level security;
alter table board.student_change force row level security;

create table board.cohort_member_progress (
    org_id bigint not null,
    cohort_id uuid not null,
    student_id uuid not null,
    active integer not null default 0,
    completed integer not null default 0,
    withdrawn integer not null default 0,
    used_paid integer not null default 0,
    used_scholarship integer not null default 0,
    used_sponsored integer not null default 0,
    readiness_students integer not null default 0,
    readiness_sum numeric not null default 0,
    missions_started integer not null default 0,
    missions_submitted integer not null default 0,
    missions_in_review integer not null default 0,
    missions_approved integer not null default 0,
    missions_rejected integer not null default 0,
    approval_seconds numeric not null default 0,
    portfolio_students integer not null default 0,
    portfolio_health_sum numeric not null default 0,
    portfolio_items integer not null default 0,
    portfolio_approved integer not null default 0,
    constraint cohort_member_progress_pkey primary key (org_id, cohort_id, student_id)
) with (fillfactor = 70);
comment on table board.cohort_member_progress is 'What each member adds to the totals of the cohort. Kept by board.count_members.';
comment on column board.cohort_member_progress.active is '1 while the membership is active.';
comment on column board.cohort_member_progress.completed is '1 once it is completed.';
comment on column board.cohort_member_progress.withdrawn is '1 once it is withdrawn; all that follows is 0 then.';
comment on column board.cohort_member_progress.used_paid is '1 where it takes a paid seat.';
comment on column board.cohort_member_progress.used_scholarship is '1 where it takes a scholarship seat.';
comment on column board.cohort_member_progress.used_sponsored is '1 where it takes a sponsored seat.';
comment on column board.cohort_member_progress.readiness_students is '1 where the student has a readiness score.';
comment on column board.cohort_member_progress.readiness_sum is 'The newest one, per cent; 0 without.';
comment on column board.cohort_member_progress.missions_started is 'Attempts in state started, at missions of the cohort''s track that are no drafts.';
comment on column board.cohort_member_progress.missions_submitted is 'Likewise submitted.';
comment on column board.cohort_member_progress.missions_in_review is 'Likewise in review.';
comment on column board.cohort_member_progress.missions_approved is 'Likewise approved.';
comment on column board.cohort_member_progress.missions_rejected is 'Likewise rejected.';
comment on column board.cohort_member_progress.approval_seconds is 'Sum of the seconds from submission to verdict, of the approved ones.';
comment on column board.cohort_member_progress.portfolio_students is '1 where the student''s portfolio has an item.';
comment on column board.cohort_member_progress.portfolio_health_sum is 'Its health, 0 to 100, as board.student_portfolio says; 0 without an item.';
comment on column board.cohort_member_progress.portfolio_items is 'Its items.';
comment on column board.cohort_member_progress.portfolio_approved is 'Its approved items.';
create index cohort_member_progress_student_idx on board.cohort_member_progress (org_id, student_id);
alter table board.cohort_member_progress enable row level security;
alter table board.cohort_member_progress force row level security;

create table board.cohort_rollup (
    org_id bigint not null,
    cohort_id uuid not null,
    active bigint not null default 0,
    completed bigint not null default 0,
    withdrawn bigint not null default 0,
    used_paid bigint not null default 0,
    used_scholarship bigint not null default 0,
    used_sponsored bigint not null default 0,
    readiness_students bigint not null default 0,
    readiness_sum numeric not null default 0,
    missions_started bigint not null default 0,
    missions_submitted bigint not null default 0,
    missions_in_review bigint not null default 0,
    missions_approved bigint not null default 0,
    missions_rejected bigint not null default 0,
    approval_seconds numeric not null default 0,
    portfolio_students bigint not null default 0,
    portfolio_health_sum numeric not null default 0,
    portfolio_items bigint not null default 0,
    portfolio_approved bigint not null default 0,
    sessions_scheduled bigint not null default 0,
    sessions_held bigint not null default 0,
    sessions_missed bigint not null default 0,
    sessions_cancelled bigint not null default 0,
    payments_due bigint not null default 0,
    due_amount numeric not null default 0,
    payments_paid bigint not null default 0,
    paid_amount numeric not null default 0,
    refunds bigint not null default 0,
    refunded_amount numeric not null default 0,
    constraint cohort_rollup_pkey primary key (org_id, cohort_id)
) with (fillfactor = 50);
comment on table board.cohort_rollup is 'Per cohort: what has been folded so far. Read board.cohort_total, which adds what has not.';
comment on column board.cohort_rollup.active is 'Members who are active.';
comment on column board.cohort_rollup.completed is 'Members who have completed it.';
comment on column board.cohort_rollup.withdrawn is 'Members who have withdrawn; nothing else of theirs is counted.';
comment on column board.cohort_rollup.used_paid is 'Paid seats that are taken: by whoever has not withdrawn.';
comment on column board.cohort_rollup.used_scholarship is 'Scholarship seats that are taken.';
comment on column board.cohort_rollup.used_sponsored is 'Sponsored seats that are taken.';
comment on column board.cohort_rollup.readiness_students is 'Members who have a readiness score.';
comment on column board.cohort_rollup.readiness_sum is 'Sum of their newest scores, per cent.';
comment on column board.cohort_rollup.missions_started is 'Attempts in state started, at missions of the cohort''s track that are no drafts.';
comment on column board.cohort_rollup.missions_submitted is 'Likewise submitted.';
comment on column board.cohort_rollup.missions_in_review is 'Likewise in review.';
comment on column board.cohort_rollup.missions_approved is 'Likewise approved.';
comment on column board.cohort_rollup.missions_rejected is 'Likewise rejected.';
comment on column board.cohort_rollup.approval_seconds is 'Sum of the seconds from submission to verdict, of the approved ones.';
comment on column board.cohort_rollup.portfolio_students is 'Members who have an item in their portfolio.';
comment on column board.cohort_rollup.portfolio_health_sum is 'Sum of their portfolios'' health, 0 to 100; board.student_portfolio says how.';
comment on column board.cohort_rollup.portfolio_items is 'Items of their portfolios.';
comment on column board.cohort_rollup.portfolio_approved is 'Approved ones of these.';
comment on column board.cohort_rollup.sessions_scheduled is 'Mentors'' sessions that are to come.';
comment on column board.cohort_rollup.sessions_held is 'Sessions that were held.';
comment on column board.cohort_rollup.sessions_missed is 'Sessions that were missed.';
comment on column board.cohort_rollup.sessions_cancelled is 'Sessions that were cancelled.';
comment on column board.cohort_rollup.payments_due is 'Payments that are due.';
comment on column board.cohort_rollup.due_amount is 'Sum of their amounts.';
comment on column board.cohort_rollup.payments_paid is 'Payments that were paid.';
comment on column board.cohort_rollup.paid_amount is 'Sum of their amounts.';
comment on column board.cohort_rollup.refunds is 'Refunds.';
comment on column board.cohort_rollup.refunded_amount is 'Sum of their amounts.';
alter table board.cohort_rollup enable row level security;
alter table board.cohort_rollup force row level security;

create table board.cohort_month_rollup (
    org_id bigint not null,
    cohort_id uuid not null,
    month date not null,
    payments_paid bigint not null default 0,
    paid_amount numeric not null default 0,
    refunds bigint not null default 0,
    refunded_amount numeric not null default 0,
    constraint cohort_month_rollup_pkey primary key (org_id, cohort_id, month)
) with (fillfactor = 50);
comment on table board.cohort_month_rollup is
'Per cohort and month, money: what has been folded so far. Read board.cohort_month_total, which adds what has not.';
comment on column board.cohort_month_rollup.month is 'First day of the month of paid_on or refunded_on.';
comment on column board.cohort_month_rollup.payments_paid is 'Payments that were paid.';
comment on column board.cohort_month_rollup.paid_amount is 'Sum of their amounts.';
comment on column board.cohort_month_rollup.refunds is 'Refunds.';
comment on column board.cohort_month_rollup.refunded_amount is 'Sum of their amounts.';
alter table board.cohort_month_rollup enable row level security;
alter table board.cohort_month_rollup force row level security;

create table board.cohort_delta (
    org_id bigint not null,
    cohort_id uuid not null,
    month date,
    active bigint not null default 0,
    completed bigint not null default 0,
    withdrawn bigint not null default 0,
    used_paid bigint not null default 0,
    used_scholarship bigint not null default 0,
    used_sponsored bigint not null default 0,
    readiness_students bigint not null default 0,
    readiness_sum numeric not null default 0,
    missions_started bigint not null default 0,
    missions_submitted bigint not null default 0,
    missions_in_review bigint not null default 0,
    missions_approved bigint not null default 0,
    missions_rejected bigint not null default 0,
    approval_seconds numeric not null default 0,
    portfolio_students bigint not null default 0,
    portfolio_health_sum numeric not null default 0,
    portfolio_items bigint not null default 0,
    portfolio_approved bigint not null default 0,
    sessions_scheduled bigint not null default 0,
    sessions_held bigint not null default 0,
    sessions_missed bigint not null default 0,
    sessions_cancelled bigint not null default 0,
    payments_due bigint not null default 0,
    due_amount numeric not null default 0,
    payments_paid bigint not null default 0,
    paid_amount numeric not null default 0,
    refunds bigint not null default 0,
    refunded_amount numeric not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0);
alter table board.cohort_delta replica identity full;
comment on table board.cohort_delta is
'What statements added to (or, negative, took from) the totals of cohorts since the last fold: a row per statement, cohort and month.';
comment on column board.cohort_delta.month is 'Of money that was paid or given back, the first day of its month; null where it concerns no month.';
comment on column board.cohort_delta.active is 'Members who are active.';
comment on column board.cohort_delta.completed is 'Members who have completed it.';
comment on column board.cohort_delta.withdrawn is 'Members who have withdrawn; nothing else of theirs is counted.';
comment on column board.cohort_delta.used_paid is 'Paid seats that are taken: by whoever has not withdrawn.';
comment on column board.cohort_delta.used_scholarship is 'Scholarship seats that are taken.';
comment on column board.cohort_delta.used_sponsored is 'Sponsored seats that are taken.';
comment on column board.cohort_delta.readiness_students is 'Members who have a readiness score.';
comment on column board.cohort_delta.readiness_sum is 'Sum of their newest scores, per cent.';
comment on column board.cohort_delta.missions_started is 'Attempts in state started, at missions of the cohort''s track that are no drafts.';
comment on column board.cohort_delta.missions_submitted is 'Likewise submitted.';
comment on column board.cohort_delta.missions_in_review is 'Likewise in review.';
comment on column board.cohort_delta.missions_approved is 'Likewise approved.';
comment on column board.cohort_delta.missions_rejected is 'Likewise rejected.';
comment on column board.cohort_delta.approval_seconds is 'Sum of the seconds from submission to verdict, of the approved ones.';
comment on column board.cohort_delta.portfolio_students is 'Members who have an item in their portfolio.';
comment on column board.cohort_delta.portfolio_health_sum is 'Sum of their portfolios'' health, 0 to 100; board.student_portfolio says how.';
comment on column board.cohort_delta.portfolio_items is 'Items of their portfolios.';
comment on column board.cohort_delta.portfolio_approved is 'Approved ones of these.';
comment on column board.cohort_delta.sessions_scheduled is 'Mentors'' sessions that are to come.';
comment on column board.cohort_delta.sessions_held is 'Sessions that were held.';
comment on column board.cohort_delta.sessions_missed is 'Sessions that were missed.';
comment on column board.cohort_delta.sessions_cancelled is 'Sessions that were cancelled.';
comment on column board.cohort_delta.payments_due is 'Payments that are due.';
comment on column board.cohort_delta.due_amount is 'Sum of their amounts.';
comment on column board.cohort_delta.payments_paid is 'Payments that were paid.';
comment on column board.cohort_delta.paid_amount is 'Sum of their amounts.';
comment on column board.cohort_delta.refunds is 'Refunds.';
comment on column board.cohort_delta.refunded_amount is 'Sum of their amounts.';
create index cohort_delta_cohort_idx on board.cohort_delta (org_id, cohort_id);
alter table board.cohort_delta enable row level security;
alter table board.cohort_delta force row level security;

-- Marks of directors' dashboards: of which cohort.
alter table board.dashboard_update_queue
    add column cohort_id uuid,
    drop constraint dashboard_update_queue_subject_is_known,
    add constraint dashboard_update_queue_subject_is_known check (
        subject in (
            'student', 'course', 'cohort', 'track', 'mission', 'person', 'organization', 'seat', 'teacher', 'tutor', 'parent', 'director'
        )
    ),
    drop constraint dashboard_update_queue_subject_is_whole,
    add constraint dashboard_update_queue_subject_is_whole check (
        subject = 'director' or (subject_id is null) = (subject = 'organization')
    );
comment on column board.dashboard_update_queue.subject is
'Whose dashboards: of a student; of this teacher, tutor, parent or director; of all to whom this course, cohort, track, mission, person (a
mentor, a student by name) or organization matters; seat: of those who look after this student, who has come into a course.';
comment on column board.dashboard_update_queue.subject_id is
'Of a student, a seat, a teacher, tutor, parent or director, the person; null for the organization, and for a director where the track has none.';
comment on column board.dashboard_update_queue.cohort_id is
'Of a director, the cohort that changed: its page, and what the director and the admins see of all; null where it is of no one cohort.';
create index dashboard_update_queue_director_idx on board.dashboard_update_queue (org_id, subject_id, txid) where subject = 'director';
create index dashboard_update_queue_directors_idx on board.dashboard_update_queue (org_id, txid) where subject = 'director';
create index dashboard_update_queue_cohort_idx on board.dashboard_update_queue (org_id, cohort_id, txid) where subject = 'director';
create index dashboard_update_queue_director_waiting_idx on board.dashboard_update_queue (org_id, priority, queued_at)
where subject = 'director' and processed_at is null and dead_at is null;
