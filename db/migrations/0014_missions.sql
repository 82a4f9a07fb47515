-- depends: 0012_programs

-- Missions and what students make of them. An attempt says when it reached each state, so that a funnel can be read from it.

create table school.mission (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    track_id uuid,
    title text not null,
    est_hours numeric(6, 2),
    due_at timestamptz,
    status text not null default 'published',
    source text,
    external_id text,
    constraint mission_pkey primary key (org_id, id),
    constraint mission_organization_fkey foreign key (org_id) references school.organization (org_id),
    constraint mission_track_fkey foreign key (org_id, track_id) references school.track (org_id, id) on delete cascade,
    constraint mission_external_key unique (org_id, source, external_id),
    constraint mission_external_is_whole check ((source is null) = (external_id is null)),
    constraint mission_title_is_given check (length(title) between 1 and 500),
    constraint mission_est_hours_are_not_negative check (est_hours >= 0),
    constraint mission_due_is_finite check (due_at between '0002-01-01' and '9999-01-01'),
    constraint mission_status_is_known check (status in ('draft', 'published', 'closed'))
);
comment on table school.mission is 'A task of a track that students take on by themselves and that is reviewed.';
comment on column school.mission.track_id is 'Whose students it is for; null for those of every track.';
comment on column school.mission.est_hours is 'Hours that it takes, estimated.';
comment on column school.mission.status is 'draft (students do not see it), published, closed (no more attempts).';
comment on column school.mission.source is 'System that external_id comes from.';
comment on column school.mission.external_id is 'Key of the mission in that system.';
create index mission_track_idx on school.mission (org_id, track_id, due_at);
alter table school.mission enable row level security;
alter table school.mission force row level security;

create table school.mission_attempt (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    mission_id uuid not null,
    student_id uuid not null,
    state text not null default 'started',
    started_at timestamptz not null default now(),
    submitted_at timestamptz,
    review_started_at timestamptz,
    reviewed_at timestamptz,
    estimated_completion timestamptz,
    url text,
    source text,
    external_id text,
    constraint mission_attempt_pkey primary key (org_id, id),
    constraint mission_attempt_student_key unique (org_id, student_id, mission_id),
    constraint mission_attempt_mission_fkey foreign key (org_id, mission_id) references school.mission (org_id, id) on delete cascade,
    constraint mission_attempt_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint mission_attempt_external_key unique (org_id, source, external_id),
    constraint mission_attempt_external_is_whole check ((source is null) = (external_id is null)),
    constraint mission_attempt_state_is_known check (state in ('started', 'submitted', 'in_review', 'approved', 'rejected')),
    constraint mission_attempt_submission_has_its_time check ((state = 'started') = (submitted_at is null)),
    constraint mission_attempt_review_has_its_time check (
        case state
            when 'in_review' then review_started_at is not null
            when 'started' then review_started_at is null
            when 'submitted' then review_started_at is null
            else true
        end
    ),
    constraint mission_attempt_verdict_has_its_time check ((state in ('approved', 'rejected')) = (reviewed_at is not null)),
    constraint mission_attempt_times_follow_each_other check (
        submitted_at >= started_at and review_started_at >= submitted_at
        and reviewed_at >= coalesce(review_started_at, submitted_at)
    ),
    constraint mission_attempt_times_are_finite check (
        started_at between '0002-01-01' and '9999-01-01'
        and submitted_at between '0002-01-01' and '9999-01-01'
        and review_started_at between '0002-01-01' and '9999-01-01'
        and reviewed_at between '0002-01-01' and '9999-01-01'
        and estimated_completion between '0002-01-01' and '9999-01-01'
    ),
    constraint mission_attempt_url_is_given check (length(url) between 1 and 500)
);
comment on table school.mission_attempt is 'A student at a mission. One row per both; who tries again gets the same row back, without the times of the states it has left.';
comment on column school.mission_attempt.state is 'started, submitted, in_review, approved or rejected.';
comment on column school.mission_attempt.review_started_at is 'When somebody began to review it; a review may do without.';
comment on column school.mission_attempt.reviewed_at is 'When it was approved or rejected.';
comment on column school.mission_attempt.estimated_completion is 'When the student expects to hand it in.';
comment on column school.mission_attempt.url is 'Where the work is.';
comment on column school.mission_attempt.source is 'System that external_id comes from.';
comment on column school.mission_attempt.external_id is 'Key of the attempt in that system.';
create index mission_attempt_mission_idx on school.mission_attempt (org_id, mission_id, state);
alter table school.mission_attempt enable row level security;
alter table school.mission_attempt force row level security;

create table school.portfolio_item (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    title text not null,
    url text,
    state text not null default 'draft',
    quality numeric(9, 6),
    created_at timestamptz not null default now(),
    reviewed_at timestamptz,
    source text,
    external_id text,
    constraint portfolio_item_pkey primary key (org_id, id),
    constraint portfolio_item_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint portfolio_item_external_key unique (org_id, source, external_id),
    constraint portfolio_item_external_is_whole check ((source is null) = (external_id is null)),
    constraint portfolio_item_title_is_given check (length(title) between 1 and 500),
    constraint portfolio_item_url_is_given check (length(url) between 1 and 500),
    constraint portfolio_item_state_is_known check (state in ('draft', 'submitted', 'in_review', 'approved', 'rejected')),
    constraint portfolio_item_quality_is_a_percentage check (quality between 0 and 100),
    constraint portfolio_item_verdict_has_its_time check (state not in ('approved', 'rejected') or reviewed_at is not null),
    constraint portfolio_item_quality_has_its_time check (quality is null or reviewed_at is not null),
    constraint portfolio_item_times_are_finite check (
        created_at between '0002-01-01' and '9999-01-01'
        and reviewed_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.portfolio_item is 'A piece of work that a student shows.';
comment on column school.portfolio_item.url is 'Where the work is.';
comment on column school.portfolio_item.state is 'draft, submitted, in_review, approved or rejected.';
comment on column school.portfolio_item.quality is 'The reviewer''s mark, a percentage 0 to 100; null until reviewed. Only mentors and the organization''s staff read it.';
comment on column school.portfolio_item.source is 'System that external_id comes from.';
comment on column school.portfolio_item.external_id is 'Key of the item in that system.';
create index portfolio_item_student_idx on school.portfolio_item (org_id, student_id, created_at);
alter table school.portfolio_item enable row level security;
alter table school.portfolio_item force row level security;
