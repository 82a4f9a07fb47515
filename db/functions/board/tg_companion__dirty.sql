-- For every table that says who looks after whom. Arguments: the role, the column that says who.
create or replace function board.tg_companion__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct n.org_id, tg_argv[0], (to_jsonb(n) ->> tg_argv[1])::uuid, 'high'::board.priority, 'companion' from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct o.org_id, tg_argv[0], (to_jsonb(o) ->> tg_argv[1])::uuid, 'high'::board.priority, 'companion' from old_rows as o;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct r.org_id, tg_argv[0], (r.link ->> tg_argv[1])::uuid, 'high'::board.priority, 'companion'
        from (
            select n.org_id, to_jsonb(n) as link from new_rows as n
            union all
            select o.org_id, to_jsonb(o) from old_rows as o
        ) as r;
    end if;
    return null;
end
$$;
comment on function board.tg_companion__dirty() is 'Marks the teachers, tutors and parents who get or lose a course or a student.';
revoke all on function board.tg_companion__dirty() from public;

do $$
declare
    link record;
begin
    for link in
        select *
        from (
            values ('course_teacher', 'teacher', 'teacher_id'), ('tutor_student', 'tutor', 'tutor_id'), ('guardian', 'parent', 'parent_id')
        ) as l (name, role, holder)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function board.tg_companion__dirty(%3$L, %4$L)',
            format('tg_%s__dirty_insert', link.name), link.name, link.role, link.holder
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_companion__dirty(%3$L, %4$L)',
            format('tg_%s__dirty_update', link.name), link.name, link.role, link.holder
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_companion__dirty(%3$L, %4$L)',
            format('tg_%s__dirty_delete', link.name), link.name, link.role, link.holder
        );
    end loop;
end
$$;
