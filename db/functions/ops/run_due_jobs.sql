create or replace procedure ops.run_due_jobs(budget interval default null, inout unfinished boolean default null)
language plpgsql security invoker
-- No SET clause and not SECURITY DEFINER: under either, COMMIT fails. Role and path are set per transaction instead.
as $$
declare
    -- What `execute` gets is a constant of this release, nobody's input.
    -- @plpgsql_check_options: security_warnings = false
    began constant timestamptz := clock_timestamp();
    due record;
    started timestamptz;
    problem text;
    canceled boolean := false;
begin
    set local search_path = '';
    set local role homeroom_owner;
    perform ops.tick();
    commit;

    set local search_path = '';
    set local role homeroom_owner;
    -- One row per job and organization; rows that somebody is running go another time.
    delete from ops.job_run as r
    where (r.org_id, r.job) in (
        select g.org_id, g.job
        from ops.job_run as g
        where not exists (
            select from ops.job as j
            where j.name = g.job
                and case when j.per_organization
                    then exists (select from school.organization as o where o.org_id = g.org_id)
                    else g.org_id = 0
                end
        )
        for update skip locked
    );
    insert into ops.job_run (org_id, job, next_due)
    select w.org_id, w.name, ops.job_next_due(w.every, w.origin)
    from (
        select j.name, j.every, j.origin, o.org_id
        from ops.job as j
        join school.organization as o on j.per_organization
        union all
        select j.name, j.every, j.origin, 0
        from ops.job as j
        where not j.per_organization
    ) as w
    where not exists (select from ops.job_run as r where r.org_id = w.org_id and r.job = w.name)
    on conflict do nothing;
    -- A release that shortens an interval is heard at once.
    update ops.job_run as r
    set next_due = ops.job_next_due(j.every, j.origin)
    from ops.job as j
    where j.name = r.job and r.next_due > ops.job_next_due(j.every, j.origin);
    commit;

    loop
        -- Claim, work and outcome are one transaction: a runner that is killed leaves the job due, and nobody runs it meanwhile.
        set local search_path = '';
        set local role homeroom_owner;

        -- What comes due while this goes on waits for the next call, or a job slower than its interval would keep us here.
        select r.org_id, r.job, j.call, j.every, j.origin
        into due
        from ops.job_run as r
        join ops.job as j on j.name = r.job
        where r.next_due <= began
        order by r.next_due, r.org_id, r.job
        limit 1
        for update of r skip locked;
        exit when not found;

        unfinished := canceled or clock_timestamp() > began + budget;
        exit when unfinished;

        -- Said while it lasts, that nobody takes the clock for stopped. Nothing waits for this lock.
        perform pg_try_advisory_xact_lock_shared(ops.clock_key(), 0);
        started := clock_timestamp();
        -- Whoever keeps a lock that one job needs stops that job, for now, and no other.
        set local lock_timeout = '5s';
        begin
            execute due.call using due.org_id;
            problem := null;
        exception when others or assert_failure or query_canceled then
            problem := format('%s: %s', sqlstate, sqlerrm);
            -- The statement timeout strikes once per call: what follows would run without.
            canceled := sqlstate = '57014';
        end;

        update ops.job_run as r
        set
            next_due = ops.job_next_due(due.every, due.origin),
            last_started_at = started,
            last_finished_at = clock_timestamp(),
            duration = clock_timestamp() - started,
            error = problem,
            runs = r.runs + 1,
            failures = case when problem is null then 0 else r.failures + 1 end
        where r.org_id = due.org_id and r.job = due.job;
        perform ops.tick();
        commit;
        if problem is not null then
            raise warning 'job failed: % (organization %)', due.job, due.org_id using detail = problem;
        end if;
    end loop;
    unfinished := coalesce(unfinished, false);
end
$$;
comment on procedure ops.run_due_jobs is
'Runs the jobs of ops.job that are due, the longest overdue first, each for its organization and in a transaction of its own, and
keeps ops.job_run; ops.process says that it was called. pg_cron or `homeroom work` calls it every few seconds or every minute; any number may do so at once,
and no job runs twice for one due time. An error is kept in the job''s row, said as a warning, and stops no other job; after a
cancellation (statement_timeout counts for the whole call) the rest waits for the next call. Not inside a transaction.
budget: how long to go on starting jobs; null: until none is due. unfinished: answers whether some were left for that reason.
The caller is a member of homeroom_owner.';
revoke all on procedure ops.run_due_jobs(interval, boolean) from public;
