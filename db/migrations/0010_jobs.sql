-- depends: 0001_rooms

create table ops.job_run (
    org_id bigint not null,
    job text not null,
    next_due timestamptz not null,
    last_started_at timestamptz,
    last_finished_at timestamptz,
    duration interval,
    error text,
    runs bigint not null default 0,
    failures integer not null default 0,
    constraint job_run_pkey primary key (org_id, job),
    constraint job_run_error_has_failures check ((error is null) = (failures = 0))
) with (fillfactor = 50);  -- each run updates its row in place
comment on table ops.job_run is 'When each job of ops.job is due for each organization, and how its last run went. ops.run_due_jobs() keeps it; whoever runs a job has its row locked, so that nobody else does.';
comment on column ops.job_run.org_id is 'Organization that the run is for; 0 for the jobs of the whole system.';
comment on column ops.job_run.job is 'Name in ops.job.';
comment on column ops.job_run.next_due is 'When it runs next; in the past until a runner gets to it.';
comment on column ops.job_run.last_started_at is 'When the last run that came to an end began. A run that was killed leaves no trace: the job is still due.';
comment on column ops.job_run.duration is 'How long the last run took.';
comment on column ops.job_run.error is 'SQLSTATE and message of the last run''s error; null if it went well.';
comment on column ops.job_run.runs is 'Runs so far, failed ones included.';
comment on column ops.job_run.failures is 'Failed runs since the last good one.';
alter table ops.job_run enable row level security;
alter table ops.job_run force row level security;
