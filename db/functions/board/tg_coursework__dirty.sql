-- For tables whose rows are about a student in a course. Argument: the reason that the queue tells.
create or replace function board.tg_coursework__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, course_id, reason)
        -- `on` has it sorted rather than hashed: no hash table for what is nearly always one row.
        select distinct on (n.org_id, n.student_id, n.course_id) n.org_id, 'student', n.student_id, n.course_id, tg_argv[0]
        from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, course_id, reason)
        select distinct on (o.org_id, o.student_id, o.course_id) o.org_id, 'student', o.student_id, o.course_id, tg_argv[0]
        from old_rows as o;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, course_id, reason)
        select r.org_id, 'student', r.student_id, r.course_id, tg_argv[0]
        from (select org_id, student_id, course_id from new_rows union select org_id, student_id, course_id from old_rows) as r;
    end if;
    return null;
end
$$;
comment on function board.tg_coursework__dirty() is
'Marks the students whose work or enrollments change, and in which course: once a statement for each student and course, however many
rows. The course''s teachers, and those who look after the student, find the same mark.';
revoke all on function board.tg_coursework__dirty() from public;

do $$
declare
    fact text;
begin
    foreach fact in array array['enrollment', 'submission', 'quiz_attempt'] loop
        -- New submissions: board.tg_submission__new.
        if fact <> 'submission' then
            execute format(
                'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
                'for each statement execute function board.tg_coursework__dirty(%2$L)',
                format('tg_%s__dirty_insert', fact), fact
            );
        end if;
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_coursework__dirty(%2$L)',
            format('tg_%s__dirty_update', fact), fact
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_coursework__dirty(%2$L)',
            format('tg_%s__dirty_delete', fact), fact
        );
    end loop;
end
$$;
