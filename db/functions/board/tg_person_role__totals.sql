create or replace function board.tg_person_role__totals() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into board.work_delta (org_id, students)
        select org_id, count(*) from new_rows where role = 'student' group by org_id;
    elsif tg_op = 'DELETE' then
        insert into board.work_delta (org_id, students)
        select org_id, -count(*) from old_rows where role = 'student' group by org_id;
    else
        insert into board.work_delta (org_id, students)
        select r.org_id, sum(r.sign)
        from (
            select org_id, 1 as sign from new_rows where role = 'student'
            union all
            select org_id, -1 from old_rows where role = 'student'
        ) as r
        group by r.org_id
        having sum(r.sign) <> 0;
    end if;
    return null;
end
$$;
comment on function board.tg_person_role__totals() is 'Counts an organization''s students: people who hold the role.';
revoke all on function board.tg_person_role__totals() from public;

create or replace trigger tg_person_role__totals_insert
after insert on school.person_role
referencing new table as new_rows
for each statement execute function board.tg_person_role__totals();

create or replace trigger tg_person_role__totals_update
after update on school.person_role
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_person_role__totals();

create or replace trigger tg_person_role__totals_delete
after delete on school.person_role
referencing old table as old_rows
for each statement execute function board.tg_person_role__totals();
