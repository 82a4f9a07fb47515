-- For every table that says what a student did or in which cohort the student is, as far as cohorts are counted by it. Arguments: the
-- priority, and the reason that the queue tells.
create or replace function board.tg_student_fact__cohorts() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    changed record;
begin
    if tg_op = 'INSERT' then
        for changed in
            select n.org_id, array_agg(distinct n.student_id) as students from new_rows as n group by n.org_id order by n.org_id
        loop
            perform board.count_members(changed.org_id, changed.students, tg_argv[1], tg_argv[0]::board.priority);
        end loop;
    elsif tg_op = 'DELETE' then
        for changed in
            select o.org_id, array_agg(distinct o.student_id) as students from old_rows as o group by o.org_id order by o.org_id
        loop
            perform board.count_members(changed.org_id, changed.students, tg_argv[1], tg_argv[0]::board.priority);
        end loop;
    else
        for changed in
            select r.org_id, array_agg(r.student_id) as students
            from (select org_id, student_id from new_rows union select org_id, student_id from old_rows) as r
            group by r.org_id
            order by r.org_id
        loop
            perform board.count_members(changed.org_id, changed.students, tg_argv[1], tg_argv[0]::board.priority);
        end loop;
    end if;
    return null;
end
$$;
comment on function board.tg_student_fact__cohorts() is
'Counts the students whom changed facts are about anew in their cohorts: once a statement, however many rows (board.count_members).';
revoke all on function board.tg_student_fact__cohorts() from public;

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (
            values
            ('cohort_member', 'high'), ('readiness_score', 'normal'), ('mission_attempt', 'normal'),
            -- Changes no number: the page shows it, and whoever joins meanwhile must see it marked.
            ('portfolio_item', 'normal'), ('competency_score', 'normal')
        ) as f (name, argument)
    loop
        execute format(
            'create or replace trigger %1$I after insert on school.%2$I referencing new table as new_rows '
            'for each statement execute function board.tg_student_fact__cohorts(%3$L, %2$L)',
            format('tg_%s__cohorts_insert', fact.name), fact.name, fact.argument
        );
        execute format(
            'create or replace trigger %1$I after update on school.%2$I referencing old table as old_rows new table as new_rows '
            'for each statement execute function board.tg_student_fact__cohorts(%3$L, %2$L)',
            format('tg_%s__cohorts_update', fact.name), fact.name, fact.argument
        );
        execute format(
            'create or replace trigger %1$I after delete on school.%2$I referencing old table as old_rows '
            'for each statement execute function board.tg_student_fact__cohorts(%3$L, %2$L)',
            format('tg_%s__cohorts_delete', fact.name), fact.name, fact.argument
        );
    end loop;
end
$$;
