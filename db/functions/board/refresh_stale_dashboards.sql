create or replace function board.refresh_stale_dashboards(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    stale integer;
begin
    -- By the queue, where one who cannot be computed holds nobody up.
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select c.org_id, 'student', c.student_id, 'low', 'time'
    from board.student_dashboard_cache as c
    where c.org_id = org and c.fresh_until <= now() and c.seen_at > now() - interval '1 day'
        and not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = c.org_id and q.subject = 'student' and q.subject_id = c.student_id and q.processed_at is null
        );
    get diagnostics stale = row_count;
    perform board.drain_for_a_while(org);
    return stale;
end
$$;
comment on function board.refresh_stale_dashboards(bigint) is
'Refreshes the dashboards that time has put out of date, of students who looked at theirs within a day. Answers how many those were. A
job, every minute.';
revoke all on function board.refresh_stale_dashboards(bigint) from public;
