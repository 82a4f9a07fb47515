create or replace view ops.metric with (security_invoker = true) as
select
    'homeroom_aggregate_drift' as name, 'What an aggregate is off its facts, summed without sign, when last compared. Must be 0.' as help,
    jsonb_build_object('aggregate', c.aggregate) as labels, c.drift as value
from ops.aggregate_check as c
union all
select
    'homeroom_aggregate_drifting_rows', 'Rows of an aggregate that were not what their facts say, when last compared. Must be 0.',
    jsonb_build_object('aggregate', c.aggregate), c.drifting_rows
from ops.aggregate_check as c
union all
select
    'homeroom_aggregate_checked_timestamp_seconds', 'When an aggregate was last compared with its facts.',
    jsonb_build_object('aggregate', c.aggregate), extract(epoch from c.checked_at)
from ops.aggregate_check as c
union all
select 'homeroom_deltas_unfolded', 'Deltas that wait to be folded into the totals.', '{}', count(*)
from board.work_delta
union all
select 'homeroom_recalculations_queued', 'Recalculations that admins asked for and no job has done yet.', '{}', count(*)
from ops.recalculation
where finished_at is null
union all
select 'queue_depth', 'Marks in the queue that wait for a refresh, by priority.', jsonb_build_object('priority', p.priority), count(q.id)
from unnest(enum_range(null::board.priority)) as p (priority)
left join board.dashboard_update_queue as q on q.priority = p.priority and q.processed_at is null and q.dead_at is null
group by p.priority
union all
select 'refresh_worker_lag', 'Seconds since the oldest mark that waits was made; 0 when none does.', '{}',
    coalesce(extract(epoch from clock_timestamp() - min(q.queued_at)), 0)
from board.dashboard_update_queue as q
where q.processed_at is null and q.dead_at is null
union all
select 'homeroom_notify_queue_usage', 'How full the queue of NOTIFY is, 0 to 1. When it is full, nobody who notifies can commit.', '{}',
    pg_notification_queue_usage()
union all
select 'homeroom_dead_letters', 'Marks that the worker gave up on: their last_error says why.', '{}', count(*)
from board.dashboard_update_queue as q
where q.dead_at is not null
union all
select 'homeroom_worker_up', 'Whether somebody runs the jobs: a worker or pg_cron was heard within a minute.', '{}', w.is_heard::integer
from ops.worker_heard() as w
union all
select 'homeroom_worker_silent_seconds', 'Seconds since whatever runs the jobs was heard from.', '{}', w.silent_seconds
from ops.worker_heard() as w
where w.silent_seconds is not null
union all
select m.name, m.help, '{}', m.value
from (
    select count(*) filter (where l.scored_at is null) as unscored, extract(epoch from clock_timestamp() - min(l.scored_at)) as staleness
    from (
        select distinct cm.org_id, cm.student_id
        from school.cohort_member as cm
        join school.cohort as c on c.org_id = cm.org_id and c.id = cm.cohort_id
        join school.person as p on p.org_id = cm.org_id and p.id = cm.student_id
        where cm.status = 'active' and c.status = 'active' and p.is_active
    ) as s
    left join lateral (
        select r.scored_at
        from school.readiness_score as r
        where r.org_id = s.org_id and r.student_id = s.student_id
        order by r.scored_at desc
        limit 1
    ) as l on true
) as r
cross join lateral (
    values
    (
        'readiness_score_staleness',
        'Age in seconds of the oldest among the active students'' latest readiness scores; 0 without any. '
        'Active: an active person, active member of an active cohort.',
        coalesce(r.staleness, 0)
    ),
    ('homeroom_readiness_unscored', 'Active students who were never given a readiness score.', r.unscored)
) as m (name, help, value)
union all
select
    'homeroom_job_due_timestamp_seconds', 'When a job is due next. In the past: nobody runs the jobs.',
    jsonb_build_object('job', s.name), extract(epoch from s.next_due)
from ops.job_status as s
where s.next_due is not null
union all
select
    'homeroom_job_failing', 'For how many organizations the last run of a job failed.', jsonb_build_object('job', s.name), s.failing
from ops.job_status as s
union all
select
    'homeroom_job_duration_seconds', 'How long the slowest of a job''s last runs took.',
    jsonb_build_object('job', s.name), extract(epoch from s.duration)
from ops.job_status as s
where s.duration is not null;
comment on view ops.metric is 'What the database tells Prometheus (GET /metrics): gauges about the whole system, about no person and no organization.';
comment on column ops.metric.name is 'The metric, as Prometheus names it.';
comment on column ops.metric.help is 'What it says, the same for all rows of a name.';
comment on column ops.metric.labels is 'An object of strings.';
comment on column ops.metric.value is 'In the unit that the name ends with.';
