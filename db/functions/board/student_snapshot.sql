create or replace function board.student_snapshot() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org constant bigint := auth.org_id();
    student constant uuid := auth.person_id();
    answer text;
begin
    -- Let nobody store until this has ended: what is answered is the version that it says. Whoever is refreshing it is waited for by the
    -- caller, who needs no connection for that.
    perform from board.student_dashboard_cache as c where c.org_id = org and c.student_id = student for update nowait;
    answer := board.student_dashboard();
    return (
        select '{"version": ' || c.version || ', ' || right(answer, -1)
        from board.student_dashboard_cache as c
        where c.org_id = org and c.student_id = student
    );
end
$$;
comment on function board.student_snapshot() is
'board.student_dashboard() of the student who asks, with the version of the document that is kept: what patches are applied to. Raises
55P03 while another session is refreshing it.';
revoke all on function board.student_snapshot() from public;
grant execute on function board.student_snapshot() to homeroom_student;
