create or replace function board.spread_cohort_marks(org bigint) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    finished bigint[];
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
end
$$;
comment on function board.spread_cohort_marks(bigint) is
'Finishes the marks of directors that name no cohort, by marking all that the director has; and those of cohorts that are gone, or were computed since: to
these only the summaries are left (board.pass_cohort_marks). Readers need no telling: they look at the first marks themselves.';
revoke all on function board.spread_cohort_marks(bigint) from public;
