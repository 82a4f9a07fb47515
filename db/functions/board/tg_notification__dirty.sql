create or replace function board.tg_notification__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    -- Of a person who is no student too: such a mark is finished unread, which costs less than asking who is one.
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select n.org_id, 'student', n.person_id, case when bool_or(n.is_urgent) then 'urgent' else 'normal' end::board.priority, 'notification'
        from new_rows as n
        group by n.org_id, n.person_id;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct o.org_id, 'student', o.person_id, 'normal'::board.priority, 'notification' from old_rows as o;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select r.org_id, 'student', r.person_id, 'normal', 'notification'
        from (select org_id, person_id from new_rows union select org_id, person_id from old_rows) as r;
    end if;
    return null;
end
$$;
comment on function board.tg_notification__dirty() is 'Marks those who are notified, at once where it is urgent, and those whose notifications change.';
revoke all on function board.tg_notification__dirty() from public;

create or replace trigger tg_notification__dirty_insert
after insert on school.notification
referencing new table as new_rows
for each statement execute function board.tg_notification__dirty();

create or replace trigger tg_notification__dirty_update
after update on school.notification
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_notification__dirty();

create or replace trigger tg_notification__dirty_delete
after delete on school.notification
referencing old table as old_rows
for each statement execute function board.tg_notification__dirty();
