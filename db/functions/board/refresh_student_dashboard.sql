create or replace function board.refresh_student_dashboard(org bigint, student uuid) returns board.student_dashboard_cache
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    dashboard board.student_dashboard_cache;
begin
    if board.refresh_students(org, array[student]) = 1 then
        select c.* into dashboard from board.student_dashboard_cache as c where c.org_id = org and c.student_id = student;
    else
        -- Somebody is at it, and may have looked before the last change: compute, and leave the storing to them.
        select d.* into dashboard from board.student_documents(org, array[student]) as d;
    end if;
    return dashboard;
end
$$;
comment on function board.refresh_student_dashboard(bigint, uuid) is
'Computes one student''s dashboard now and answers it. Stored too, unless another session is refreshing it: a reader never waits for a batch.';
revoke all on function board.refresh_student_dashboard(bigint, uuid) from public;
