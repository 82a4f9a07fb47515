create or replace function board.current_student_dashboard(org bigint, student uuid) returns board.student_dashboard_cache
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    dashboard board.student_dashboard_cache;
begin
    -- One statement: what is stored and what was marked, as of one moment.
    select c.* into dashboard
    from board.student_dashboard_cache as c
    where c.org_id = org and c.student_id = student and board.is_fresh(c);

    if not found then
        dashboard := board.refresh_student_dashboard(org, student);
    end if;
    -- Once an hour, so that reading rarely writes.
    if dashboard.seen_at > now() - interval '1 hour' is not true then
        update board.student_dashboard_cache as c set seen_at = now()
        where (c.org_id, c.student_id) in (
            select l.org_id, l.student_id
            from board.student_dashboard_cache as l
            where l.org_id = org and l.student_id = student
            for update skip locked
        );
    end if;
    return dashboard;
end
$$;
comment on function board.current_student_dashboard(bigint, uuid) is
'A student''s dashboard for that student to read, never older than the last change that was committed before: one that is out of date, or past its
fresh_until, is computed anew first.';
revoke all on function board.current_student_dashboard(bigint, uuid) from public;
