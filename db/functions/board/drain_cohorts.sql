create or replace function board.drain_cohorts(org bigint, batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    -- Under load one refresh serves all that changes meanwhile.
    rested constant timestamptz := clock_timestamp() - interval '1 second' * ops.setting('director_debounce')::double precision;
    cohorts uuid[];
    cohort uuid;
begin
    perform board.spread_cohort_marks(org);

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
                perform board.put_off(
                    org,
                    array(
                        select q.id
                        from board.dashboard_update_queue as q
                        where q.org_id = org and q.subject = 'director' and q.cohort_id = cohort and q.processed_at is null
                    ),
                    format('%s: %s', sqlstate, sqlerrm)
                );
            end;
        end loop;
    end;

    return cardinality(cohorts) + board.drain_summaries(org, batch_size);
end
$$;
comment on function board.drain_cohorts(bigint, integer) is
'Refreshes the cohorts of an organization that have waited in the queue, at most batch_size, and then the summaries to which they matter
(board.drain_summaries); in the caller''s transaction. What was refreshed less than setting director_debounce ago waits, but for what an operator asks
for. As board.drain_students does for students: any number of workers, retries, dead letters. Answers how many were tried.';
revoke all on function board.drain_cohorts(bigint, integer) from public;
