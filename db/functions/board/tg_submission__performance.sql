create or replace function board.tg_submission__performance() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    deltas board.performance_delta[];
begin
    -- Graded work counts, and only changes reach the aggregate: touching another column costs no write.
    if tg_op = 'INSERT' then
        select array_agg((d.org_id, d.student_id, d.course_id, 0, 0, d.n, d.total)::board.performance_delta)
        into deltas
        from (
            select org_id, student_id, course_id, count(*) as n, sum(grade) as total
            from new_rows
            where grade is not null
            group by org_id, student_id, course_id
        ) as d;
    elsif tg_op = 'DELETE' then
        select array_agg((d.org_id, d.student_id, d.course_id, 0, 0, d.n, d.total)::board.performance_delta)
        into deltas
        from (
            select org_id, student_id, course_id, -count(*) as n, -sum(grade) as total
            from old_rows
            where grade is not null
            group by org_id, student_id, course_id
        ) as d;
    else
        select array_agg((d.org_id, d.student_id, d.course_id, 0, 0, d.n, d.total)::board.performance_delta)
        into deltas
        from (
            select r.org_id, r.student_id, r.course_id, sum(r.sign) as n, sum(r.sign * r.grade) as total
            from (
                select org_id, student_id, course_id, grade, 1 as sign from new_rows
                union all
                select org_id, student_id, course_id, grade, -1 from old_rows
            ) as r
            where r.grade is not null
            group by r.org_id, r.student_id, r.course_id
            having sum(r.sign) <> 0 or sum(r.sign * r.grade) <> 0
        ) as d;
    end if;

    if deltas is not null then
        perform board.add_performance(deltas);
    end if;
    return null;
end
$$;
comment on function board.tg_submission__performance() is
'Keeps the performance aggregates exact for graded submissions: insert, update (regrade, another student, moved course) and
delete, on one row or a million, at a cost that does not depend on the student''s history.';
revoke all on function board.tg_submission__performance() from public;

create or replace trigger tg_submission__performance_insert
after insert on school.submission
referencing new table as new_rows
for each statement execute function board.tg_submission__performance();

create or replace trigger tg_submission__performance_update
after update on school.submission
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_submission__performance();

create or replace trigger tg_submission__performance_delete
after delete on school.submission
referencing old table as old_rows
for each statement execute function board.tg_submission__performance();
