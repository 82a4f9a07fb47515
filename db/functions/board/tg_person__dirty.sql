create or replace function board.tg_person__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select n.org_id, 'person', n.id, 'low', 'name'
    from new_rows as n
    join old_rows as o on o.org_id = n.org_id and o.id = n.id
    where n.name <> o.name;
    return null;
end
$$;
comment on function board.tg_person__dirty() is 'Marks who is renamed, for the dashboards that name this mentor.';
revoke all on function board.tg_person__dirty() from public;

create or replace trigger tg_person__dirty_update
after update on school.person
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_person__dirty();
