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
    done integer := 0;
    wanted text;
    others uuid[];
begin
    foreach wanted in array array['parent', 'teacher', 'tutor'] loop
        others := array(
            select c.person_id
            from board.dashboard_cache as c
            where c.org_id = org and c.role = wanted and c.fresh_until <= now() and c.seen_at > now() - interval '1 day'
            order by c.fresh_until
            limit 500
        );
        begin
            done := done + board.refresh_dashboards(org, wanted, others);
        exception when others then
            insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
            select org, wanted, s.id, 'low', 'time'
            from unnest(others) as s (id)
            where not exists (
                select from board.dashboard_update_queue as q
                where q.org_id = org and q.subject in ('teacher', 'tutor', 'parent') and q.subject = wanted and q.subject_id = s.id
                    and q.processed_at is null
            );
        end;
    end loop;
    begin
        return done + board.refresh_students(org, stale);
    exception when others then
        -- One of them cannot be computed: the queue finds out which, and lets it hold nobody up.
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select org, 'student', s.id, 'low', 'time'
        from unnest(stale) as s (id)
        where not exists (
            select from board.dashboard_update_queue as q
            where q.org_id = org and q.subject = 'student' and q.subject_id = s.id and q.processed_at is null
        );
        return done;
    end;
end
$$;
comment on function board.refresh_stale_dashboards(bigint) is
'Refreshes the dashboards that time has put out of date, of people who looked at theirs within a day: two thousand students at most, five
hundred of each other role. Answers how many; where one of a role cannot be computed, the queue has all of that role, and they do not count. A
job, every minute.';
revoke all on function board.refresh_stale_dashboards(bigint) from public;
