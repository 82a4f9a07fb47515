create or replace view ops.job with (security_invoker = true) as
select j.name, j.description, j.every, j.origin, j.call, j.per_organization
from (
    values
    (
        'fold totals', 'Folds what writers appended into the totals of courses, assignments and organizations.',
        interval '10 seconds', timestamptz '2000-01-01 00:00:00+00',
        'select board.fold($1)', true
    ),
    (
        'fold the deleted', 'Folds what is left of organizations that were deleted.',
        interval '1 day', timestamptz '2000-01-01 02:30:00+00',
        'select board.fold_gone()', false
    ),
    (
        'recalculate', 'Does the recalculations of students'' numbers that admins asked for.',
        interval '5 seconds', timestamptz '2000-01-01 00:00:00+00',
        'select board.recalculate_requested($1)', true
    ),
    (
        'refresh dashboards', 'Refreshes the dashboards that wait in the queue; a worker does so all the time.',
        interval '10 seconds', timestamptz '2000-01-01 00:00:05+00',
        'select board.drain_for_a_while($1)', true
    ),
    (
        'refresh stale dashboards', 'Refreshes the dashboards that time has put out of date, of people who looked within a day.',
        interval '1 minute', timestamptz '2000-01-01 00:00:15+00',
        'select board.refresh_stale_dashboards($1)', true
    ),
    (
        'refresh director dashboards', 'Refreshes every cohort and every director''s and admin''s summary, and evaluates all alerts.',
        interval '5 minutes', timestamptz '2000-01-01 00:00:20+00',
        'select board.refresh_directors($1)', true
    ),
    (
        'close alerts', 'Closes the alerts about cohorts whose numbers have been good for long enough.',
        interval '1 minute', timestamptz '2000-01-01 00:00:25+00',
        'select board.close_alerts($1)', true
    ),
    (
        'prune presence', 'Forgets who is connected no more.',
        interval '5 minutes', timestamptz '2000-01-01 00:00:30+00',
        'select feed.prune_presence()', false
    ),
    (
        'prune sessions', 'Forgets the sessions that have expired.',
        interval '10 minutes', timestamptz '2000-01-01 00:01:45+00',
        'select auth.prune_sessions()', false
    ),
    (
        'prune rate limits', 'Forgets who has not asked for anything within an hour.',
        interval '10 minutes', timestamptz '2000-01-01 00:01:30+00',
        'select ops.prune_rate_limits()', false
    ),
    (
        'rank leaderboards', 'Ranks the members of each cohort by their points.',
        interval '1 minute', timestamptz '2000-01-01 00:00:45+00',
        'select board.refresh_leaderboard($1)', true
    ),
    (
        'warm responses', 'Has the processes of the API compute the answers of those who are about, where somebody is.',
        interval '5 minutes', timestamptz '2000-01-01 00:00:40+00',
        'select feed.warm_responses($1)', true
    ),
    (
        'prune queue', 'Forgets what was processed an hour ago.',
        interval '10 minutes', timestamptz '2000-01-01 00:01:00+00',
        'select board.prune_queue()', false
    ),
    (
        'interaction months', 'Makes the partitions that interactions of the next three months will need.',
        interval '1 day', timestamptz '2000-01-01 01:00:00+00',
        'select school.provide_interaction_months(current_date, current_date + 90)', false
    ),
    (
        'feed days', 'Makes the partitions that events of the next three days will need.',
        interval '1 hour', timestamptz '2000-01-01 00:02:00+00',
        'select feed.provide_days(current_date, current_date + 3)', false
    ),
    (
        'drop feed days', 'Drops the events that are older than the setting feed_days.',
        interval '15 minutes', timestamptz '2000-01-01 00:03:00+00',
        'select feed.drop_days()', false
    ),
    (
        'analyze interactions', 'Tells the planner what the interactions are like: autovacuum leaves a partitioned table out.',
        interval '1 day', timestamptz '2000-01-01 02:00:00+00',
        'select ops.analyze_interactions()', false
    ),
    (
        'verify', 'Compares every aggregate with the facts and publishes the drift in ops.aggregate_check.',
        interval '1 day', timestamptz '2000-01-01 03:00:00+00',
        'select count(*) from ops.verify()', false
    )
) as j (name, description, every, origin, call, per_organization);
comment on view ops.job is
'The jobs of this release, which ops.run_due_jobs() runs. A job is code: to add one, or to change its schedule, edit this view.';
comment on column ops.job.name is 'What `homeroom jobs` and ops.job_run call it.';
comment on column ops.job.description is 'What it is for.';
comment on column ops.job.every is 'How often: at every whole multiple of this after origin. No months or years.';
comment on column ops.job.origin is 'Where the count begins: every 1 day from 03:00 UTC means nightly at three.';
comment on column ops.job.call is 'The statement, run as homeroom_owner in a transaction of its own. $1 is the organization.';
comment on column ops.job.per_organization is 'True: it runs once per organization and touches no other. False: once for the whole system, and $1 is 0.';
