create or replace function board.tg_person_role__dashboard() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    insert into board.student_dashboard_cache (org_id, student_id)
    select n.org_id, n.person_id
    from new_rows as n
    where n.role = 'student'
    order by n.org_id, n.person_id
    on conflict do nothing;
    insert into board.dashboard_cache (org_id, role, person_id)
    select n.org_id, n.role, n.person_id
    from new_rows as n
    where n.role in ('teacher', 'tutor', 'parent', 'director', 'admin')
    order by n.org_id, n.role, n.person_id
    on conflict do nothing;
    return null;
end
$$;
comment on function board.tg_person_role__dashboard() is
'Gives a student, teacher, tutor, parent, director or admin a row for the dashboard together with the role, so that refreshing only ever locks and updates.
It stays with the person.';
revoke all on function board.tg_person_role__dashboard() from public;

create or replace trigger tg_person_role__dashboard_insert
after insert on school.person_role
referencing new table as new_rows
for each statement execute function board.tg_person_role__dashboard();

create or replace trigger tg_person_role__dashboard_update
after update on school.person_role
referencing new table as new_rows
for each statement execute function board.tg_person_role__dashboard();
