create or replace function board.tg_enrollment__performance() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    keys board.student_course[];
begin
    if tg_op = 'INSERT' then
        keys := array(select (n.org_id, n.student_id, n.course_id)::board.student_course from new_rows as n where n.status <> 'dropped');
    elsif tg_op = 'DELETE' then
        keys := array(select (o.org_id, o.student_id, o.course_id)::board.student_course from old_rows as o where o.status <> 'dropped');
    else
        -- Where what counts before is not what counts now; another key is one that goes and one that comes.
        keys := array(
            select (r.org_id, r.student_id, r.course_id)::board.student_course
            from (
                select org_id, student_id, course_id, status <> 'dropped' as counts, false as counted from new_rows
                union all
                select org_id, student_id, course_id, false, status <> 'dropped' from old_rows
            ) as r
            group by r.org_id, r.student_id, r.course_id
            having bool_or(r.counts) <> bool_or(r.counted)
        );
    end if;

    if keys <> '{}' then
        perform board.set_counted(keys);
    end if;
    return null;
end
$$;
comment on function board.tg_enrollment__performance() is
'Takes a student''s work in a course out of the totals when the enrollment is dropped or deleted, and brings it back when the
student re-enrolls.';
revoke all on function board.tg_enrollment__performance() from public;

create or replace trigger tg_enrollment__performance_insert
after insert on school.enrollment
referencing new table as new_rows
for each statement execute function board.tg_enrollment__performance();

create or replace trigger tg_enrollment__performance_update
after update on school.enrollment
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_enrollment__performance();

create or replace trigger tg_enrollment__performance_delete
after delete on school.enrollment
referencing old table as old_rows
for each statement execute function board.tg_enrollment__performance();
