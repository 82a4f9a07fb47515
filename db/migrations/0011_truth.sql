-- depends: 0009_totals

-- A synthetic student's score depends on the week now, and takes one more argument.
drop function if exists ops.seed_score;

-- What keeps the aggregates honest: the last comparison of each with the facts, and how far a backfill got.

create table ops.setting (
    name text not null,
    value numeric not null,
    description text not null,
    lower_bound numeric,
    upper_bound numeric,
    constraint setting_pkey primary key (name),
    constraint setting_is_in_bounds check (value >= lower_bound and value <= upper_bound)
);
comment on table ops.setting is 'Numbers in formulas that an operator may change while the system runs; the next statement heeds them.';
comment on column ops.setting.value is 'What holds now.';
comment on column ops.setting.lower_bound is 'Least value that makes sense; null for none.';
comment on column ops.setting.upper_bound is 'Greatest value that makes sense; null for none.';
-- Before row-level security shuts the table, whose policies come with the code.
insert into ops.setting (name, value, description, lower_bound, upper_bound) values
(
    'trend_threshold', 0.05,
    'A student is improving (or declining) when the overall average rises (or falls) by more than this many percentage points a day.',
    0, 100
);
alter table ops.setting enable row level security;
alter table ops.setting force row level security;

create table ops.aggregate_check (
    aggregate text not null,
    counted boolean not null default false,
    checked_at timestamptz not null,
    duration interval not null,
    drifting_rows bigint not null,
    drift numeric not null,
    constraint aggregate_check_pkey primary key (aggregate)
);
comment on table ops.aggregate_check is 'Per aggregate of ops.aggregate: what the last comparison with its facts found.';
comment on column ops.aggregate_check.aggregate is 'Name of the table, with its schema.';
comment on column ops.aggregate_check.counted is 'Whether `homeroom migrate` has counted what was there before its triggers; until then the next run does.';
comment on column ops.aggregate_check.duration is 'How long the comparison of all aggregates took.';
comment on column ops.aggregate_check.drifting_rows is 'Rows that differed from the facts; 0 when it is exact.';
comment on column ops.aggregate_check.drift is 'Sum of the differences of all columns of those rows, without sign.';
alter table ops.aggregate_check enable row level security;
alter table ops.aggregate_check force row level security;

create table ops.mending (
    org_id bigint not null,
    constraint mending_pkey primary key (org_id)
);
comment on table ops.mending is
'A row per organization, locked by whoever mends its aggregates: two who add what both found missing would add it twice. A row rather
than an advisory lock, which any login could take and keep; of deleted organizations too, whose rows may need mending.';
alter table ops.mending enable row level security;
alter table ops.mending force row level security;

create table ops.backfill (
    org_id bigint not null,
    last_student_id uuid,
    students bigint not null default 0,
    differences bigint not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint backfill_pkey primary key (org_id),
    constraint backfill_organization_fkey foreign key (org_id) references school.organization (org_id) on delete cascade
);
comment on table ops.backfill is 'How far `homeroom backfill` got in each organization: one that was killed goes on from here.';
comment on column ops.backfill.last_student_id is 'Everybody up to this id is done.';
comment on column ops.backfill.students is 'How many that are.';
comment on column ops.backfill.differences is 'How many rows were mended.';
alter table ops.backfill enable row level security;
alter table ops.backfill force row level security;

create table ops.recalculation (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    requested_by uuid not null,
    requested_at timestamptz not null default now(),
    student_ids uuid[] not null,
    differences bigint,
    finished_at timestamptz,
    constraint recalculation_pkey primary key (org_id, id),
    constraint recalculation_organization_fkey foreign key (org_id) references school.organization (org_id) on delete cascade,
    constraint recalculation_is_bounded check (cardinality(student_ids) between 1 and 1000)
);
comment on table ops.recalculation is 'Recalculations of students'' numbers that an admin asked for and a job does.';
comment on column ops.recalculation.requested_by is 'The admin.';
comment on column ops.recalculation.student_ids is 'Whose numbers.';
comment on column ops.recalculation.differences is 'How many rows differed from the facts and were mended; null until finished.';
create index recalculation_open_idx on ops.recalculation (org_id, requested_at) where finished_at is null;
alter table ops.recalculation enable row level security;
alter table ops.recalculation force row level security;
