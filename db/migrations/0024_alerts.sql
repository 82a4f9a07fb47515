-- depends: 0023_director

-- What directors are alerted to: rules about the numbers of a cohort, and the alerts that opened by them. An alert opens once,
-- closes once, and keeps what it was about.

create table board.alert_rule (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    track_id uuid,
    name text not null,
    metric text not null,
    comparison text not null,
    threshold numeric not null,
    margin numeric not null default 0,
    clear_for interval not null default '10 minutes',
    severity text not null default 'warning',
    is_active boolean not null default true,
    constraint alert_rule_pkey primary key (org_id, id),
    constraint alert_rule_organization_fkey foreign key (org_id) references school.organization (org_id) on delete cascade,
    constraint alert_rule_track_fkey foreign key (org_id, track_id) references school.track (org_id, id) on delete cascade,
    constraint alert_rule_name_key unique nulls not distinct (org_id, name, track_id),
    constraint alert_rule_name_is_a_name check (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    constraint alert_rule_metric_is_known check (
        metric in (
            'seats_total', 'seats_used', 'seats_paid', 'seats_scholarship', 'seats_sponsored', 'used_paid', 'used_scholarship',
            'used_sponsored', 'seat_utilization', 'members_active', 'members_completed', 'members_withdrawn', 'readiness',
            'readiness_students', 'completion_rate', 'missions_due', 'missions_started', 'missions_submitted',
            'missions_in_review', 'missions_approved', 'missions_rejected', 'portfolio_health', 'portfolio_students',
            'portfolio_items', 'portfolio_approved', 'mentors', 'mentor_coverage', 'students_covered', 'session_completion',
            'sessions_scheduled', 'sessions_held', 'sessions_missed', 'sessions_cancelled', 'payments_due', 'due_amount',
            'payments_overdue', 'overdue_amount', 'payments_paid', 'paid_amount', 'refunds', 'refunded_amount', 'revenue_month',
            'refunds_month', 'stalled_reviews'
        )
    ),
    constraint alert_rule_comparison_is_known check (comparison in ('below', 'above')),
    constraint alert_rule_threshold_is_a_number check (threshold between -1e12 and 1e12),
    constraint alert_rule_margin_is_not_negative check (margin between 0 and 1e12),
    constraint alert_rule_clear_for_is_short check (clear_for between interval '0' and interval '31 days'),
    constraint alert_rule_severity_is_known check (severity in ('critical', 'warning', 'info'))
);
comment on table board.alert_rule is
'What opens an alert about a cohort whose status is active. Of a rule of the organization and one of the track with the same name, the
track''s counts alone, also while it is not active: so a track goes without. Admins change rules; cohorts are judged by them within
seconds.';
comment on column board.alert_rule.track_id is 'For the cohorts of this track; null for those of all tracks.';
comment on column board.alert_rule.name is 'What its alerts and a cohort''s flags are called.';
comment on column board.alert_rule.metric is 'Which number of a cohort, by its column of board.cohort_states().';
comment on column board.alert_rule.comparison is 'Which side of the threshold is bad: below or above. The threshold itself is good.';
comment on column board.alert_rule.threshold is 'Where bad begins.';
comment on column board.alert_rule.margin is 'How far on the good side of the threshold the number must be for an alert to close.';
comment on column board.alert_rule.clear_for is 'How long it must have been there. A number that comes and goes is one alert.';
comment on column board.alert_rule.severity is 'critical, warning or info.';
comment on column board.alert_rule.is_active is 'False: opens nothing, and what it opened closes.';
create index alert_rule_track_idx on board.alert_rule (org_id, track_id);
alter table board.alert_rule enable row level security;
alter table board.alert_rule force row level security;

create table board.alert (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    cohort_id uuid not null,
    rule_id uuid,
    name text not null,
    metric text not null,
    comparison text not null,
    threshold numeric not null,
    severity text not null,
    status text not null default 'open',
    opened_at timestamptz not null default now(),
    opened_value numeric not null,
    evidence json not null,
    last_value numeric,
    clear_since timestamptz,
    closed_at timestamptz,
    closed_value numeric,
    closed_because text,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    note text,
    constraint alert_pkey primary key (org_id, id),
    constraint alert_cohort_fkey foreign key (org_id, cohort_id) references school.cohort (org_id, id) on delete cascade,
    constraint alert_rule_fkey foreign key (org_id, rule_id) references board.alert_rule (org_id, id) on delete set null (rule_id),
    constraint alert_acknowledged_by_fkey foreign key (org_id, acknowledged_by) references school.person (org_id, id)
        on delete set null (acknowledged_by),
    constraint alert_status_is_known check (status in ('open', 'closed')),
    constraint alert_severity_is_known check (severity in ('critical', 'warning', 'info')),
    constraint alert_closed_is_whole check (
        (status = 'closed') = (closed_at is not null) and (status = 'closed') = (closed_because is not null)
    ),
    constraint alert_closed_because_is_known check (
        closed_because in (
            'cleared', 'cohort_closed', 'cohort_planned', 'cohort_moved', 'rule_changed', 'rule_inactive', 'rule_deleted', 'rule_replaced'
        )
    ),
    constraint alert_acknowledged_is_whole check (acknowledged_at is not null or (acknowledged_by is null and note is null)),
    constraint alert_note_is_short check (length(note) between 1 and 2000)
);
comment on table board.alert is
'What was wrong with a cohort, from when to when: at most one open alert per cohort and rule. board.alert_change has its history.';
comment on column board.alert.rule_id is 'By which rule; null once that is deleted.';
comment on column board.alert.name is 'The rule''s name.';
comment on column board.alert.metric is 'Which number of the cohort.';
comment on column board.alert.comparison is 'On which side of the threshold it was: below or above.';
comment on column board.alert.threshold is 'The rule''s threshold when it opened.';
comment on column board.alert.severity is 'critical, warning or info: the rule''s, while the alert is open.';
comment on column board.alert.status is 'open or closed.';
comment on column board.alert.opened_at is 'When the number was first seen on the wrong side.';
comment on column board.alert.opened_value is 'What it was then.';
comment on column board.alert.evidence is
'The numbers that opened it: metric, value, comparison, threshold; numerator and denominator of a ratio; numbers: the cohort''s numbers
that it was made of, each with name and value; as_of.';
comment on column board.alert.last_value is 'What the number was when it was last looked at; null where there was none.';
comment on column board.alert.clear_since is 'Since when the number has been on the good side, by the rule''s margin; null while it is not.';
comment on column board.alert.closed_value is 'What the number was when the alert closed; null where there was none.';
comment on column board.alert.closed_because is
'cleared: the number was good for as long as the rule asks; cohort_closed, cohort_planned: what is not active has no alerts; cohort_moved:
to another track; rule_changed: it is about another number now; rule_inactive; rule_deleted; rule_replaced: by the track''s own.';
comment on column board.alert.acknowledged_at is 'When the director or an admin said that it is known; null until then.';
comment on column board.alert.acknowledged_by is 'Who did; null once that person is deleted.';
comment on column board.alert.note is 'What that person wrote.';
create unique index alert_open_key on board.alert (org_id, cohort_id, rule_id) where status = 'open';
create index alert_cohort_idx on board.alert (org_id, cohort_id, opened_at);
create index alert_opened_idx on board.alert (org_id, opened_at, id);
create index alert_rule_idx on board.alert (org_id, rule_id);
create index alert_acknowledged_by_idx on board.alert (org_id, acknowledged_by);
alter table board.alert enable row level security;
alter table board.alert force row level security;

create table board.alert_change (
    org_id bigint not null,
    id bigint not null generated always as identity,
    alert_id uuid not null,
    change text not null,
    at timestamptz not null default now(),
    by_id uuid,
    value numeric,
    threshold numeric,
    severity text not null,
    because text,
    constraint alert_change_pkey primary key (org_id, id),
    constraint alert_change_alert_fkey foreign key (org_id, alert_id) references board.alert (org_id, id) on delete cascade,
    constraint alert_change_by_fkey foreign key (org_id, by_id) references school.person (org_id, id) on delete set null (by_id),
    constraint alert_change_is_known check (change in ('opened', 'changed', 'acknowledged', 'closed'))
);
comment on table board.alert_change is 'The history of an alert: what happened to it, in order of id.';
comment on column board.alert_change.change is 'opened, changed (the rule has another severity or name), acknowledged or closed.';
comment on column board.alert_change.at is 'When it happened.';
comment on column board.alert_change.by_id is 'Who acknowledged it; null for what happened by itself, and once that person is deleted.';
comment on column board.alert_change.value is 'What the number was then.';
comment on column board.alert_change.threshold is 'What the rule''s threshold was then; null once there is no rule.';
comment on column board.alert_change.severity is 'The alert''s severity from then on.';
comment on column board.alert_change.because is 'Why it closed, see board.alert.closed_because.';
create index alert_change_alert_idx on board.alert_change (org_id, alert_id, id);
create index alert_change_by_idx on board.alert_change (org_id, by_id);
alter table board.alert_change enable row level security;
alter table board.alert_change force row level security;

-- The organizations that are there have the rules that a new one gets. No force: the policies come with the code.
alter table school.organization no force row level security;
alter table board.alert_rule no force row level security;
insert into board.alert_rule (org_id, name, metric, comparison, threshold, margin, severity)
select o.org_id, r.name, r.metric, r.comparison, r.threshold, r.margin, r.severity
from school.organization as o
cross join (
    values
    ('below_readiness', 'readiness', 'below', 50, 2, 'warning'),
    ('low_coverage', 'mentor_coverage', 'below', 80, 5, 'warning'),
    ('over_capacity', 'seat_utilization', 'above', 100, 0, 'warning'),
    ('payments_overdue', 'payments_overdue', 'above', 0, 0, 'warning'),
    ('stalled_reviews', 'stalled_reviews', 'above', 0, 0, 'critical')
) as r (name, metric, comparison, threshold, margin, severity);
alter table school.organization force row level security;
alter table board.alert_rule force row level security;
