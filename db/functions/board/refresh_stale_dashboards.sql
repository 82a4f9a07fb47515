create or replace function board.refresh_stale_dashboards(org bigint) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return board.refresh_students(org, array(
        select c.student_id
        from board.student_dashboard_cache as c
        where c.org_id = org and c.fresh_until <= now() and c.seen_at > now() - interval '1 day'
        order by c.fresh_until
        limit 2000
    ));
end
$$;
comment on function board.refresh_stale_dashboards(bigint) is
'Refreshes the dashboards that time has put out of date, of students who looked at theirs within a day, two thousand at most. Answers how
many. A job, every minute.';
revoke all on function board.refresh_stale_dashboards(bigint) from public;
