create or replace function board.drain_cohorts(org bigint, batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    most_attempts constant integer := 5;
    -- Under load one refresh serves all that changes meanwhile.
    rested constant timestamptz := clock_timestamp() - interval '1 second' * ops.setting('director_debounce')::double precision;
    finished bigint[];
    cohorts uuid[];
    cohort uuid;
    roles text[];
    people uuid[];
    wanted text;
    person uuid;
begin
    -- What is of no one cohort concerns all that the director has.
    finished := array(
        select q.id
        from board.dashboard_update_queue as q
        where q.org_id = org and q.subject = 'director' and q.cohort_id is null and q.processed_at is null and q.dead_at is null
        for update skip locked
    );
    if finished <> '{}' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, cohort_id, priority, reason, txid)
        select
            org, 'director', t.director_id, c.id, min(q.priority),
            case when bool_or(q.reason = 'operator') then 'operator' else min(q.reason) end, max(q.txid)
        from board.dashboard_update_queue as q
        join school.track as t
            on t.org_id = org and (t.director_id = q.subject_id or (t.director_id is null and q.subject_id is null))
        join school.cohort as c on c.org_id = org and c.track_id = t.id
        join board.director_cohort_dashboard as d on d.org_id = org and d.cohort_id = c.id
        where q.org_id = org and q.id = any (finished) and pg_visible_in_snapshot(q.txid, d.computed_in) is not true
        group by t.director_id, c.id
        order by c.id;
    end if;
    -- Cohorts that are gone, or were computed since, concern summaries alone.
    finished := finished || array(
        select q.id
        from board.dashboard_update_queue as q
        where q.org_id = org and q.subject = 'director' and q.cohort_id is not null and q.processed_at is null
            and not exists (
                select from board.director_cohort_dashboard as d
                where d.org_id = org and d.cohort_id = q.cohort_id and pg_visible_in_snapshot(q.txid, d.computed_in) is not true
            )
        for update skip locked
    );
    if finished <> '{}' then
        perform board.pass_cohort_marks(org, finished);
        update board.dashboard_update_queue as q set processed_at = clock_timestamp()
        where q.org_id = org and q.id = any (finished);
    end if;

    cohorts := array(
        select d.cohort_id
        from (
            select
                q.cohort_id, min(q.priority) as priority, min(q.queued_at) as queued_at, bool_or(q.reason = 'operator') as is_asked
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject = 'director' and q.processed_at is null and q.dead_at is null
                and (q.not_before is null or q.not_before <= now())
            group by q.cohort_id
        ) as w
        join board.director_cohort_dashboard as d on d.org_id = org and d.cohort_id = w.cohort_id
        where d.updated_at is null or d.updated_at <= rested or w.is_asked
        order by w.priority, w.queued_at, w.cohort_id
        limit batch_size
        for update of d skip locked
    );
    begin
        perform board.refresh_cohorts(org, cohorts);
    exception when others then
        -- One of them cannot be computed: find out which, and let the others have theirs.
        foreach cohort in array cohorts loop
            begin
                perform board.refresh_cohorts(org, array[cohort]);
            exception when others then
                -- Summaries can be, to which it matters as well.
                perform board.pass_cohort_marks(org, array(
                    select q.id
                    from board.dashboard_update_queue as q
                    where q.org_id = org and q.subject = 'director' and q.cohort_id = cohort and q.processed_at is null
                        and q.attempts = 0
                ));
                update board.dashboard_update_queue as q set
                    attempts = q.attempts + 1,
                    last_error = format('%s: %s', sqlstate, sqlerrm),
                    not_before = clock_timestamp() + interval '1 second' * 2 ^ least(q.attempts, most_attempts),
                    dead_at = case when q.attempts + 1 >= most_attempts then clock_timestamp() end
                where q.org_id = org and q.subject = 'director' and q.cohort_id = cohort
                    and q.processed_at is null and q.dead_at is null;
            end;
        end loop;
    end;

    -- Summaries. Who has computed since saw what was marked.
    update board.dashboard_update_queue as q set processed_at = clock_timestamp()
    where (q.org_id, q.id) in (
        select m.org_id, m.id
        from board.dashboard_update_queue as m
        where m.org_id = org and m.subject in ('director summary', 'admin summary') and m.processed_at is null and m.dead_at is null
            and not exists (
                select from board.dashboard_cache as c
                where c.org_id = org and c.role || ' summary' = m.subject and c.person_id = m.subject_id and c.document is not null
                    and not pg_visible_in_snapshot(m.txid, c.computed_in)
            )
        for update skip locked
    );
    with locked as (
        select c.role, c.person_id
        from (
            select
                q.subject, q.subject_id, min(q.priority) as priority, min(q.queued_at) as queued_at,
                bool_or(q.reason = 'operator') as is_asked
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject in ('director summary', 'admin summary') and q.processed_at is null and q.dead_at is null
                and (q.not_before is null or q.not_before <= now())
            group by q.subject, q.subject_id
        ) as w
        join board.dashboard_cache as c on c.org_id = org and c.role || ' summary' = w.subject and c.person_id = w.subject_id
        where c.updated_at <= rested or w.is_asked
        order by w.priority, w.queued_at, c.person_id
        limit batch_size
        for update of c skip locked
    )
    select coalesce(array_agg(l.role), '{}'), coalesce(array_agg(l.person_id), '{}') into roles, people from locked as l;
    for wanted in select distinct r.role from unnest(roles) as r (role) order by r.role loop
        begin
            perform board.refresh_dashboards(org, wanted, array(
                select p.id from unnest(roles, people) as p (role, id) where p.role = wanted
            ));
        exception when others then
            for person in select p.id from unnest(roles, people) as p (role, id) where p.role = wanted loop
                begin
                    perform board.refresh_dashboards(org, wanted, array[person]);
                exception when others then
                    update board.dashboard_update_queue as q set
                        attempts = q.attempts + 1,
                        last_error = format('%s: %s', sqlstate, sqlerrm),
                        not_before = clock_timestamp() + interval '1 second' * 2 ^ least(q.attempts, most_attempts),
                        dead_at = case when q.attempts + 1 >= most_attempts then clock_timestamp() end
                    where q.org_id = org and q.subject in ('director summary', 'admin summary') and q.subject = wanted || ' summary'
                        and q.subject_id = person and q.processed_at is null and q.dead_at is null;
                end;
            end loop;
        end;
    end loop;
    return cardinality(cohorts) + cardinality(people);
end
$$;
comment on function board.drain_cohorts(bigint, integer) is
'Refreshes the cohorts of an organization that have waited in the queue, at most batch_size, and the summaries of directors and admins to which they
matter, of those who looked within a day or are connected; in the caller''s transaction. What was refreshed less than setting director_debounce ago
waits, but for what an operator asks for. As board.drain_students does for students: any number of workers, retries, dead letters. Answers how many were tried.';
revoke all on function board.drain_cohorts(bigint, integer) from public;
