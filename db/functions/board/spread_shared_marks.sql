create or replace function board.spread_shared_marks(org bigint) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    shared bigint[];
    marked bigint;
begin
    shared := array(
        select q.id
        from board.dashboard_update_queue as q
        where q.org_id = org and q.subject in ('course', 'cohort', 'track', 'mission', 'person', 'organization') and q.processed_at is null
        order by q.id
        for update skip locked
    );
    if shared = '{}' then
        return bigint '0';
    end if;

    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason, txid)
    -- Of the transaction of the change: who keeps answers is told of that.
    select org, 'student', c.student_id, min(q.priority), min(q.reason), max(q.txid)
    from board.dashboard_update_queue as q
    join board.student_dashboard_cache as c
        on c.org_id = org and (q.subject_id is null or q.subject_id = any (c.scopes)) and c.document is not null
    where q.org_id = org and q.id = any (shared)
    group by c.student_id, c.cohort_id
    order by c.cohort_id, c.student_id;
    get diagnostics marked = row_count;
    perform board.pass_marks_on(org, shared);

    update board.dashboard_update_queue as q set processed_at = clock_timestamp()
    where q.org_id = org and q.id = any (shared);
    return marked;
end
$$;
comment on function board.spread_shared_marks(bigint) is
'Marks each student whose dashboard shows a shared fact that changed (board.student_dashboard_cache.scopes), so that the worker refreshes
them; and the teachers, tutors and parents to whom it matters. Readers need no telling: board.is_fresh and board.is_current look at the
shared marks themselves. Answers how many students.';
revoke all on function board.spread_shared_marks(bigint) from public;
