create or replace function board.tg_course__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
    select n.org_id, 'course', n.id, 'low', 'name'
    from new_rows as n
    join old_rows as o on o.org_id = n.org_id and o.id = n.id
    where (n.code, n.title) <> (o.code, o.title);
    return null;
end
$$;
comment on function board.tg_course__dirty() is 'Marks a course that is called otherwise, for the dashboards that name it.';
revoke all on function board.tg_course__dirty() from public;

create or replace trigger tg_course__dirty_update
after update on school.course
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_course__dirty();
