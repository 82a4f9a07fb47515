-- depends: 0017_student_dashboard

-- The live feed: what happened, for whoever follows. Writers append, readers ask for what is new since a snapshot.

create schema feed;
comment on schema feed is 'What happened, for those who follow it live: the log of events, and who hears which. Read through functions.';

-- No primary key: nothing refers to an event, nothing looks one up by its id, and each index costs every writer.
create table feed.event (
    org_id bigint not null,
    id bigint not null generated always as identity,
    txid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default clock_timestamp(),
    topics text[] not null,
    kind text not null,
    payload json not null,
    student_id uuid,
    course_id uuid,
    -- Whoever writes keeps far below it: a reader holds many of them at once.
    constraint event_payload_is_bounded check (octet_length(payload::text) <= 131072)
) partition by range (at);
comment on table feed.event is
'One row per fact that somebody may want to hear of, whoever hears it. Partitioned by day (UTC); feed.provide_days makes the partitions
and feed.drop_days drops them. Nobody reads it directly: api.feed_read and feed.replay do.';
comment on column feed.event.txid is 'The transaction that wrote it. A reader asks for those not visible in the snapshot last read: ids are no order of commits.';
comment on column feed.event.at is 'When it was written, which is before it was committed.';
comment on column feed.event.topics is 'Who hears it: everybody whose feed.topics() has one of these.';
comment on column feed.event.kind is 'What happened: submission, grade, … ; rights is for the reader alone.';
comment on column feed.event.payload is 'What the client is told: timestamp and ids. No names, which are looked up when it is read.';
comment on column feed.event.student_id is 'Whom the client is told of by name, as "student"; null where nobody. See feed.told.';
comment on column feed.event.course_id is 'In which course: its teachers hear it, and read the names of those alone who are or were enrolled.';
create index event_txid_idx on feed.event (txid);
-- Of all that is still to be read, what the reader has to know first.
create index event_rights_idx on feed.event (txid) where kind = 'rights';
alter table feed.event enable row level security;
alter table feed.event force row level security;

-- Where a day has no partition, because nobody made it: a fact is never refused for that.
create table feed.event_other partition of feed.event default;
comment on table feed.event_other is 'Events of days that have no partition.';
alter table feed.event_other enable row level security;
alter table feed.event_other force row level security;

create table feed.epoch (
    singleton boolean not null default true,
    id uuid not null default gen_random_uuid(),
    made_in xid not null,
    relation oid not null,
    database oid not null,
    constraint epoch_pkey primary key (singleton),
    constraint epoch_is_one_row check (singleton)
);
comment on table feed.epoch is
'Which counting of transactions the cursors belong to. What a dump carries to another place is seen by the row itself: it was written there by
another transaction, into another table. Whoever notices first begins a new epoch; see feed.current_epoch.';
comment on column feed.epoch.id is 'The epoch.';
comment on column feed.epoch.made_in is 'The row''s system column xmin as it was when the epoch began.';
comment on column feed.epoch.relation is 'The row''s system column tableoid as it was then.';
comment on column feed.epoch.database is 'The database''s oid as it was then: a copy by `create database … template` keeps all the rest.';
insert into feed.epoch (made_in, relation, database) values ('0', 0, 0);
alter table feed.epoch enable row level security;
alter table feed.epoch force row level security;

create table feed.dropped (
    singleton boolean not null default true,
    txid xid8 not null default '0',
    seen pg_snapshot not null default '1:1:',
    constraint dropped_pkey primary key (singleton),
    constraint dropped_is_one_row check (singleton)
);
comment on table feed.dropped is 'What retention has taken: a cursor that does not know all of it cannot be gone on with.';
comment on column feed.dropped.txid is 'The greatest transaction of the events dropped in this epoch.';
comment on column feed.dropped.seen is
'What had been committed when events were last dropped: whoever was still open then has lost none, however old.';
insert into feed.dropped default values;
alter table feed.dropped enable row level security;
alter table feed.dropped force row level security;

-- No force: the policies come with the code.
alter table ops.setting no force row level security;
insert into ops.setting (name, value, description, lower_bound, upper_bound) values
(
    'feed_days', 3,
    'For how many days events of the live feed are kept: who was away for longer starts anew.',
    1, 366
);
alter table ops.setting force row level security;
