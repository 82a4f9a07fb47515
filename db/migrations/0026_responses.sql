-- depends: 0025_cheaper_marks

-- Answers that a process of the API keeps: each names by tags what would make it another, and the process asks what has changed.

-- _text is text[], as the linter lets it be written here.
create type api.cacheable as (document text, tags _text, seconds double precision);
comment on type api.cacheable is
'An answer that a process may keep, from one read: the JSON, what it shows (board.document_tags), and for how long time leaves it as it is.';
comment on column api.cacheable.document is 'The answer, JSON as text.';
comment on column api.cacheable.tags is 'What api.feed_stale names once one of it has changed.';
comment on column api.cacheable.seconds is 'How long it may be kept at most, from when it was asked for; not at all where it is 0 or less.';

-- Their answers are of that type from now on.
drop function if exists api.student_dashboard;
drop function if exists api.student_performance;
drop function if exists api.parent_dashboard;
drop function if exists api.parent_student_performance;
drop function if exists api.teacher_dashboard;
drop function if exists api.tutor_dashboard;
drop function if exists api.director_summary;
drop function if exists api.director_cohort;
-- More of the row is read.
drop function if exists board.current_student_dashboard;

-- What any process has not heard of yet: all organizations' marks by their transaction. Writers append at its end.
create index dashboard_update_queue_txid_idx on board.dashboard_update_queue (txid);

create table feed.pruned (
    singleton boolean not null default true,
    txid xid8 not null default '0',
    seen pg_snapshot not null default '1:1:',
    constraint pruned_pkey primary key (singleton),
    constraint pruned_is_one_row check (singleton)
);
comment on table feed.pruned is 'What has been forgotten of board.dashboard_update_queue: who does not know all of it keeps nothing (feed.stale).';
comment on column feed.pruned.txid is 'The greatest transaction of the marks forgotten in this epoch.';
comment on column feed.pruned.seen is 'What had been committed when marks were last forgotten: whoever was still open then has lost none.';
insert into feed.pruned default values;
alter table feed.pruned enable row level security;
alter table feed.pruned force row level security;

-- Events that are for processes rather than for people.
drop index feed.event_rights_idx;
create index event_internal_idx on feed.event (txid) where kind in ('rights', 'stale', 'order');
comment on column feed.event.kind is
'What happened: submission, grade, … ; rights, stale (its topics are tags of kept answers) and order are for processes of the API alone.';
