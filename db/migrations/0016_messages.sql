-- depends: 0002_people

-- What is said to people, and what a student has subscribed to.

create table school.notification (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    person_id uuid not null,
    title text not null,
    body text,
    is_urgent boolean not null default false,
    created_at timestamptz not null default now(),
    read_at timestamptz,
    source text,
    external_id text,
    constraint notification_pkey primary key (org_id, id),
    constraint notification_person_fkey foreign key (org_id, person_id) references school.person (org_id, id) on delete cascade,
    constraint notification_external_key unique (org_id, source, external_id),
    constraint notification_external_is_whole check ((source is null) = (external_id is null)),
    constraint notification_title_is_given check (length(title) between 1 and 500),
    constraint notification_body_is_given check (length(body) between 1 and 500),
    constraint notification_times_are_finite check (
        created_at between '0002-01-01' and '9999-01-01'
        and read_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.notification is 'A message to somebody: unread while read_at is null.';
comment on column school.notification.body is 'The message; null where the title says it all.';
comment on column school.notification.is_urgent is 'True where it cannot wait.';
comment on column school.notification.source is 'System that external_id comes from.';
comment on column school.notification.external_id is 'Key of the notification in that system.';
create index notification_person_idx on school.notification (org_id, person_id, created_at);
alter table school.notification enable row level security;
alter table school.notification force row level security;

create table school.ai_nudge (
    org_id bigint not null,
    id uuid not null default gen_random_uuid(),
    student_id uuid not null,
    message text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    dismissed_at timestamptz,
    source text,
    external_id text,
    constraint ai_nudge_pkey primary key (org_id, id),
    constraint ai_nudge_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint ai_nudge_external_key unique (org_id, source, external_id),
    constraint ai_nudge_external_is_whole check ((source is null) = (external_id is null)),
    constraint ai_nudge_message_is_given check (length(message) between 1 and 2000),
    constraint ai_nudge_times_are_finite check (
        created_at between '0002-01-01' and '9999-01-01'
        and expires_at between '0002-01-01' and '9999-01-01'
        and dismissed_at between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.ai_nudge is 'What the AI coach suggests to a student. It holds until it expires or is dismissed; students read it on their dashboard, unless their tier hides it.';
comment on column school.ai_nudge.message is 'The suggestion.';
comment on column school.ai_nudge.expires_at is 'Null where it holds until dismissed.';
comment on column school.ai_nudge.source is 'System that external_id comes from.';
comment on column school.ai_nudge.external_id is 'Key of the nudge in that system.';
create index ai_nudge_student_idx on school.ai_nudge (org_id, student_id, created_at);
alter table school.ai_nudge enable row level security;
alter table school.ai_nudge force row level security;

create table school.subscription (
    org_id bigint not null,
    student_id uuid not null,
    tier text not null default 'free',
    ends_at timestamptz,
    enhanced_until timestamptz,
    source text,
    external_id text,
    constraint subscription_pkey primary key (org_id, student_id),
    constraint subscription_student_fkey foreign key (org_id, student_id) references school.person (org_id, id) on delete cascade,
    constraint subscription_external_key unique (org_id, source, external_id),
    constraint subscription_external_is_whole check ((source is null) = (external_id is null)),
    constraint subscription_tier_is_known check (tier in ('free', 'premium')),
    constraint subscription_times_are_finite check (
        ends_at between '0002-01-01' and '9999-01-01'
        and enhanced_until between '0002-01-01' and '9999-01-01'
    )
);
comment on table school.subscription is 'What a student has subscribed to. Who has no row has the free tier.';
comment on column school.subscription.tier is 'free or premium.';
comment on column school.subscription.ends_at is 'When the tier ends; null where it does not.';
comment on column school.subscription.enhanced_until is 'Premium features until then, whatever the tier; null for none.';
comment on column school.subscription.source is 'System that external_id comes from.';
comment on column school.subscription.external_id is 'Key of the subscription in that system.';
alter table school.subscription enable row level security;
alter table school.subscription force row level security;
