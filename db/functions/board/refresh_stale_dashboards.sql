create or replace function board.refresh_stale_dashboards(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    stale constant uuid[] := array(
        select c.student_id
        from board.student_dashboard_cache as c
        where c.org_id = org and c.fresh_until <= now() and c.seen_at > now() - interval '1 day'
        order by c.cohort_id, c.student_id
        limit 2000
    );
begin
    begin
        return board.refresh_students(org, stale);
    exception when others then
        -- One of them cannot be computed: the queue finds out which, and lets it hold nobody up.
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select org, 'student', s.id, 'low', 'time'
        from unnest(stale) as s (id)
        where not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = org and q.subject = 'student' and q.subject_id = s.id and q.processed_at is null
        );
        return 0;
    end;
end
$$;
comment on function board.refresh_stale_dashboards(bigint) is
'Refreshes the dashboards that time has put out of date, of students who looked at theirs within a day, two thousand at most. Answers how
many; 0 also where one of them cannot be computed: then the queue has them all. A job, every minute.';
revoke all on function board.refresh_stale_dashboards(bigint) from public;
