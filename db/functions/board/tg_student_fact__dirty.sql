-- For every table whose rows are about one student, but for work and enrollments (board.tg_coursework__dirty). Arguments: the
-- priority, and the reason that the queue tells.
create or replace function board.tg_student_fact__dirty() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct n.org_id, 'student', n.student_id, tg_argv[0]::board.priority, tg_argv[1] from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select distinct o.org_id, 'student', o.student_id, tg_argv[0]::board.priority, tg_argv[1] from old_rows as o;
    else
        insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason)
        select r.org_id, 'student', r.student_id, tg_argv[0]::board.priority, tg_argv[1]
        from (select org_id, student_id from new_rows union select org_id, student_id from old_rows) as r;
    end if;
    return null;
end
$$;
comment on function board.tg_student_fact__dirty() is
'Marks the students whom changed facts are about: once a statement each, however many rows. Part of the transaction that changes them.';
revoke all on function board.tg_student_fact__dirty() from public;

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (
            values
            ('cohort_member', 'high'), ('session_attendance', 'normal'),
            ('competency_score', 'normal'), ('readiness_score', 'normal'),
            ('mission_attempt', 'high'), ('portfolio_item', 'normal'),
            ('habit', 'low'), ('habit_log', 'normal'), ('goal', 'low'), ('point_award', 'low'), ('badge', 'low'),
            ('ai_nudge', 'normal'), ('subscription', 'high')
        ) as f (name, priority)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function board.tg_student_fact__dirty(%3$L, %2$L)',
            format('tg_%s__dirty_insert', fact.name), fact.name, fact.priority
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_student_fact__dirty(%3$L, %2$L)',
            format('tg_%s__dirty_update', fact.name), fact.name, fact.priority
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_student_fact__dirty(%3$L, %2$L)',
            format('tg_%s__dirty_delete', fact.name), fact.name, fact.priority
        );
    end loop;
end
$$;
