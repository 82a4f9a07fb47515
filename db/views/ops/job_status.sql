create or replace view ops.job_status with (security_invoker = true) as
select
    j.name, j.every, count(r.job) as organizations, count(r.error) as failing,
    max(r.last_started_at) as last_run, max(r.duration) as duration, min(r.next_due) as next_due
from ops.job as j
left join ops.job_run as r on r.job = j.name
group by j.name, j.every;
comment on view ops.job_status is 'Each job and how it fares, over all organizations. Which of them fail, and why, stands in ops.job_run.';
comment on column ops.job_status.name is 'Name in ops.job.';
comment on column ops.job_status.every is 'How often it runs.';
comment on column ops.job_status.organizations is 'For how many organizations it runs; 1 for a job of the whole system, 0 before anybody looked for due jobs.';
comment on column ops.job_status.last_run is 'When the latest run began, of whichever organization.';
comment on column ops.job_status.duration is 'How long the slowest of the organizations'' last runs took.';
comment on column ops.job_status.next_due is 'When the next run is due. Well in the past: nobody runs the jobs.';
comment on column ops.job_status.failing is 'For how many organizations the last run failed.';
