-- depends: 0003_courses

create table school.interaction (
    org_id bigint not null,
    id bigint not null generated always as identity,
    occurred_at timestamptz not null,
    student_id uuid not null,
    course_id uuid,
    agent_type text not null,
    concept text,
    difficulty text,
    success boolean,
    duration_ms integer,
    weight numeric(12, 3) not null default 1,
    source text,
    external_id text,
    constraint interaction_pkey primary key (org_id, id, occurred_at),
    constraint interaction_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint interaction_course_fkey foreign key (org_id, course_id) references school.course (org_id, id) on delete cascade,
    constraint interaction_external_key unique (org_id, source, external_id, occurred_at),
    constraint interaction_external_is_whole check ((source is null) = (external_id is null)),
    constraint interaction_agent_type_is_given check (length(agent_type) between 1 and 100),
    constraint interaction_duration_is_not_negative check (duration_ms >= 0),
    constraint interaction_weight_is_not_negative check (weight >= 0),
    constraint interaction_time_is_finite check (isfinite(occurred_at))
) partition by range (occurred_at);
comment on table school.interaction is 'One thing a student did with a learning resource or agent. Partitioned by month (UTC); school.provide_interaction_months makes the partitions.';
comment on column school.interaction.agent_type is 'What was interacted with: a tutoring agent, a forum, a resource.';
comment on column school.interaction.concept is 'Concept practised, where known.';
comment on column school.interaction.difficulty is 'Difficulty level as the source names it.';
comment on column school.interaction.success is 'Whether the student succeeded; null where that makes no sense.';
comment on column school.interaction.duration_ms is 'Duration in milliseconds.';
comment on column school.interaction.weight is 'How many events this row stands for (clicks, for instance).';
comment on column school.interaction.source is 'System that external_id comes from.';
comment on column school.interaction.external_id is 'Key of the event in that system; unique together with its time.';
create index interaction_student_idx on school.interaction (org_id, student_id, occurred_at);
create index interaction_course_idx on school.interaction (org_id, course_id, occurred_at);
alter table school.interaction enable row level security;
alter table school.interaction force row level security;

-- Catches what falls in a month that has no partition yet, so that a late or early fact is stored rather than refused;
-- making the month moves its rows over.
create table school.interaction_other partition of school.interaction default;
comment on table school.interaction_other is 'Interactions of months that have no partition yet.';
alter table school.interaction_other enable row level security;
alter table school.interaction_other force row level security;
