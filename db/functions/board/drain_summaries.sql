create or replace function board.drain_summaries(org bigint, batch_size integer) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    rested constant timestamptz := clock_timestamp() - interval '1 second' * ops.setting('director_debounce')::double precision;
    roles text[];
    people uuid[];
begin
    -- Who has computed since saw what was marked.
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
    perform board.try_dashboards(org, roles, people);
    return cardinality(people);
end
$$;
comment on function board.drain_summaries(bigint, integer) is
'Refreshes the summaries of directors and admins that have waited in the queue, at most batch_size: of those who looked within a day or are connected, for
nobody else is marked (board.pass_cohort_marks). As board.drain_cohorts, which calls it. Answers how many were tried.';
revoke all on function board.drain_summaries(bigint, integer) from public;
