create or replace function board.tg_interaction__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- Clicks without a duration, a million in an import, are no hours.
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct n.org_id, 'student', n.student_id, 'low'::board.priority, 'interaction' from new_rows as n where n.duration_ms > 0;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct o.org_id, 'student', o.student_id, 'low'::board.priority, 'interaction' from old_rows as o where o.duration_ms > 0;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select r.org_id, 'student', r.student_id, 'low', 'interaction'
        from (
            select org_id, student_id from new_rows where duration_ms > 0
            union
            select org_id, student_id from old_rows where duration_ms > 0
        ) as r;
    end if;
    return null;
end
$$;
comment on function board.tg_interaction__dirty() is 'Marks the students whose hours change.';
revoke all on function board.tg_interaction__dirty() from public;

create or replace trigger tg_interaction__dirty_insert
after insert on school.interaction
referencing new table as new_rows
for each statement execute function board.tg_interaction__dirty();

create or replace trigger tg_interaction__dirty_update
after update on school.interaction
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_interaction__dirty();

create or replace trigger tg_interaction__dirty_delete
after delete on school.interaction
referencing old table as old_rows
for each statement execute function board.tg_interaction__dirty();
