-- depends: 0002_people

-- What students do by themselves, and what they get for it.

create table school.habit (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    title text not null,
    is_active boolean not null default true,
    source text,
    external_id text,
    constraint habit_pkey primary key (org_id, id),
    constraint habit_student_key unique (org_id, id, student_id),
    constraint habit_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint habit_external_key unique (org_id, source, external_id),
    constraint habit_external_is_whole check ((source is null) = (external_id is null)),
    constraint habit_title_is_given check (length(title) between 1 and 500)
);
comment on table school.habit is 'What a student wants to do every day.';
comment on column school.habit.is_active is 'False once the student has given it up; its log stays.';
comment on column school.habit.source is 'System that external_id comes from.';
comment on column school.habit.external_id is 'Key of the habit in that system.';
create index habit_student_idx on school.habit (org_id, student_id);
alter table school.habit enable row level security;
alter table school.habit force row level security;

create table school.habit_log (
    org_id bigint not null,
    habit_id uuid not null,
    student_id uuid not null,
    day date not null,
    source text,
    external_id text,
    constraint habit_log_pkey primary key (org_id, habit_id, day),
    constraint habit_log_habit_fkey foreign key (org_id, habit_id, student_id)
        references school.habit (org_id, id, student_id) on update cascade on delete cascade,
    constraint habit_log_external_key unique (org_id, source, external_id),
    constraint habit_log_external_is_whole check ((source is null) = (external_id is null)),
    constraint habit_log_day_is_finite check (day between '0002-01-01' and '9999-01-01')
);
comment on table school.habit_log is 'A day on which a student kept a habit.';
comment on column school.habit_log.student_id is 'The habit''s student; follows it by foreign key.';
comment on column school.habit_log.day is 'In the organization''s time zone.';
comment on column school.habit_log.source is 'System that external_id comes from.';
comment on column school.habit_log.external_id is 'Key of the entry in that system.';
create index habit_log_student_idx on school.habit_log (org_id, student_id, day);
alter table school.habit_log enable row level security;
alter table school.habit_log force row level security;

create table school.goal (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    title text not null,
    due_on date,
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    source text,
    external_id text,
    constraint goal_pkey primary key (org_id, id),
    constraint goal_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint goal_external_key unique (org_id, source, external_id),
    constraint goal_external_is_whole check ((source is null) = (external_id is null)),
    constraint goal_title_is_given check (length(title) between 1 and 500),
    constraint goal_due_is_finite check (due_on between '0002-01-01' and '9999-01-01'),
    constraint goal_times_are_finite check (
        created_at between '0002-01-01' and '9999-01-01'
        and completed_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.goal is 'What a student has set out to reach: active until completed_at.';
comment on column school.goal.due_on is 'Day by which, in the organization''s time zone.';
comment on column school.goal.source is 'System that external_id comes from.';
comment on column school.goal.external_id is 'Key of the goal in that system.';
create index goal_student_idx on school.goal (org_id, student_id, created_at);
alter table school.goal enable row level security;
alter table school.goal force row level security;

create table school.point_award (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    points integer not null,
    reason text not null,
    awarded_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint point_award_pkey primary key (org_id, id),
    constraint point_award_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint point_award_external_key unique (org_id, source, external_id),
    constraint point_award_external_is_whole check ((source is null) = (external_id is null)),
    constraint point_award_reason_is_given check (length(reason) between 1 and 500),
    constraint point_award_awarded_is_finite check (awarded_at between '0002-01-01' and '9999-01-01')
);
comment on table school.point_award is 'Points that a student got. The leaderboard sums them.';
comment on column school.point_award.points is 'How many; negative where some are taken back.';
comment on column school.point_award.reason is 'What for, in words that the student reads.';
comment on column school.point_award.source is 'System that external_id comes from.';
comment on column school.point_award.external_id is 'Key of the award in that system.';
create index point_award_student_idx on school.point_award (org_id, student_id, awarded_at);
alter table school.point_award enable row level security;
alter table school.point_award force row level security;

create table school.badge (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    name text not null,
    awarded_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint badge_pkey primary key (org_id, id),
    constraint badge_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint badge_external_key unique (org_id, source, external_id),
    constraint badge_external_is_whole check ((source is null) = (external_id is null)),
    constraint badge_name_is_given check (length(name) between 1 and 500),
    constraint badge_awarded_is_finite check (awarded_at between '0002-01-01' and '9999-01-01')
);
comment on table school.badge is 'A badge that a student got.';
comment on column school.badge.source is 'System that external_id comes from.';
comment on column school.badge.external_id is 'Key of the badge in that system.';
create index badge_student_idx on school.badge (org_id, student_id, awarded_at);
alter table school.badge enable row level security;
alter table school.badge force row level security;
