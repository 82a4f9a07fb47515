-- depends: 0012_programs

-- What a student is able to do, as others judge it. Students and parents have no grant on these scores: what a tier shows of them
-- comes from views that mask.

create table school.competency (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    track_id uuid not null,
    name text not null,
    required_level numeric(9, 6) not null,
    source text,
    external_id text,
    constraint competency_pkey primary key (org_id, id),
    constraint competency_track_fkey foreign key (org_id, track_id) references school.track (org_id, id) on delete cascade,
    constraint competency_external_key unique (org_id, source, external_id),
    constraint competency_external_is_whole check ((source is null) = (external_id is null)),
    constraint competency_name_is_given check (length(name) between 1 and 500),
    constraint competency_required_level_is_a_percentage check (required_level between 0 and 100)
);
comment on table school.competency is 'What students of a track have to be able to do.';
comment on column school.competency.required_level is 'Level (percent) that the track asks for.';
comment on column school.competency.source is 'System that external_id comes from.';
comment on column school.competency.external_id is 'Key of the competency in that system.';
create index competency_track_idx on school.competency (org_id, track_id);
alter table school.competency enable row level security;
alter table school.competency force row level security;

create table school.competency_score (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    competency_id uuid not null,
    student_id uuid not null,
    level numeric(9, 6) not null,
    assessed_at timestamptz not null default now(),
    source text,
    external_id text,
    constraint competency_score_pkey primary key (org_id, id),
    constraint competency_score_student_key unique (org_id, student_id, competency_id),
    constraint competency_score_competency_fkey foreign key (org_id, competency_id) references school.competency (org_id, id)
        on delete cascade,
    constraint competency_score_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint competency_score_external_key unique (org_id, source, external_id),
    constraint competency_score_external_is_whole check ((source is null) = (external_id is null)),
    constraint competency_score_level_is_a_percentage check (level between 0 and 100),
    constraint competency_score_assessed_is_finite check (assessed_at between '0002-01-01' and '9999-01-01')
);
comment on table school.competency_score is 'How far a student has come in a competency. One row per both; the next assessment updates it.';
comment on column school.competency_score.level is 'Percentage 0 to 100, kept to six decimals.';
comment on column school.competency_score.source is 'System that external_id comes from.';
comment on column school.competency_score.external_id is 'Key of the score in that system.';
create index competency_score_competency_idx on school.competency_score (org_id, competency_id);
alter table school.competency_score enable row level security;
alter table school.competency_score force row level security;

create table school.readiness_score (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    scored_at timestamptz not null,
    score numeric(9, 6) not null,
    source text,
    external_id text,
    constraint readiness_score_pkey primary key (org_id, id),
    constraint readiness_score_student_key unique (org_id, student_id, scored_at),
    constraint readiness_score_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint readiness_score_external_key unique (org_id, source, external_id),
    constraint readiness_score_external_is_whole check ((source is null) = (external_id is null)),
    constraint readiness_score_score_is_a_percentage check (score between 0 and 100),
    constraint readiness_score_time_is_finite check (scored_at between '0002-01-01' and '9999-01-01')
);
comment on table school.readiness_score is 'How ready a student was at a time. A history: the newest row is what holds.';
comment on column school.readiness_score.score is 'Percentage 0 to 100, kept to six decimals.';
comment on column school.readiness_score.source is 'System that external_id comes from.';
comment on column school.readiness_score.external_id is 'Key of the score in that system.';
alter table school.readiness_score enable row level security;
alter table school.readiness_score force row level security;
