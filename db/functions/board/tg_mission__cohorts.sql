create or replace function board.tg_mission__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    for changed in
        select a.org_id, array_agg(distinct a.student_id) as students
        from new_rows as n
        join old_rows as o on o.org_id = n.org_id and o.id = n.id
        join school.mission_attempt as a on a.org_id = n.org_id and a.mission_id = n.id
        where o.track_id is distinct from n.track_id or (o.status = 'draft') <> (n.status = 'draft')
        group by a.org_id
    loop
        perform board.count_members(changed.org_id, changed.students, 'mission');
    end loop;
    return null;
end
$$;
comment on function board.tg_mission__cohorts() is
'Counts the students who have begun a mission anew when it moves to another track, or ceases or begins to be a draft. One that is deleted
takes the attempts along, which tell themselves.';
revoke all on function board.tg_mission__cohorts() from public;

create or replace trigger tg_mission__cohorts_update
after update on school.mission
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_mission__cohorts();
