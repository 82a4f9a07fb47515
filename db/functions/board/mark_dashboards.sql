create or replace function board.mark_dashboards(org bigint) returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    marked bigint;
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select c.org_id, c.role, c.person_id, 'low', 'operator'
    from board.dashboard_cache as c
    where c.org_id = org and c.role in ('teacher', 'tutor', 'parent') and c.document is not null
    order by c.role, c.person_id;
    get diagnostics marked = row_count;
    return marked;
end
$$;
comment on function board.mark_dashboards(bigint) is
'Puts the teachers, tutors and parents of an organization who have ever looked at their dashboards into the queue: they are computed anew.
Answers how many.';
revoke all on function board.mark_dashboards(bigint) from public;
