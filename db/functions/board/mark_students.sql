create or replace function board.mark_students(org bigint, student uuid default null) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    marked bigint;
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select c.org_id, 'student', c.student_id, 'low', 'operator'
    from board.student_dashboard_cache as c
    where c.org_id = org and (mark_students.student is null or c.student_id = mark_students.student)
    -- Neighbours share courses and sessions, which a batch reads once.
    order by c.cohort_id, c.student_id;
    get diagnostics marked = row_count;
    return marked;
end
$$;
comment on function board.mark_students(bigint, uuid) is
'Puts a student of an organization, or all of them, into the queue: their dashboards are computed anew. Answers how many.';
revoke all on function board.mark_students(bigint, uuid) from public;
