-- depends: 0026_responses

-- What the processes of the API know together: who has asked how often, and how each process fares. Both are worth nothing after
-- a crash, and are written all the time: unlogged.

create unlogged table ops.rate_limit (
    rule text not null,
    who text not null,
    slot bigint not null,
    taken integer[] not null,
    constraint rate_limit_pkey primary key (rule, who)
) with (fillfactor = 50);
comment on table ops.rate_limit is
'How many requests were granted to whom, of late: a row per rule and person or address. Processes of the API lease from it; see ops.rate_lease.';
comment on column ops.rate_limit.rule is 'The prefix of the paths that share the counter, or anonymous.';
comment on column ops.rate_limit.who is 'A person as org:id, or an address.';
comment on column ops.rate_limit.slot is 'The five minutes that taken begins with, counted from 1970.';
comment on column ops.rate_limit.taken is 'What was granted in that slot and in each of the twelve before it, the youngest first.';
alter table ops.rate_limit enable row level security;
alter table ops.rate_limit force row level security;

create unlogged table ops.process (
    kind text not null,
    name text not null,
    started_at timestamptz not null,
    heard_at timestamptz not null,
    silent_after interval not null,
    stats jsonb not null default '{}',
    constraint process_pkey primary key (kind, name),
    constraint process_kind_is_known check (kind in ('api', 'worker'))
) with (fillfactor = 50);
comment on table ops.process is
'The processes that run, as they said last: those of the API with their numbers, so that one answers for all, and what runs the jobs.';
comment on column ops.process.kind is 'api or worker: whatever calls ops.run_due_jobs(), pg_cron as well.';
comment on column ops.process.name is 'Of the API, the host and the process id; of a worker, what its session is called.';
comment on column ops.process.started_at is 'When it was heard of first.';
comment on column ops.process.heard_at is 'When it was heard of last.';
comment on column ops.process.silent_after is 'Whoever says nothing for so long is gone.';
comment on column ops.process.stats is 'The numbers of a process of the API, as api/report.py writes them.';
alter table ops.process enable row level security;
alter table ops.process force row level security;
