create or replace function board.tg_submission__performance() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    deltas board.performance_delta[];
begin
    -- New rows count for, old rows against; what does not change a number (another column) costs no write. A submission is
    -- in one of three states: graded, or handed in and ungraded, or pending. A student has one of an assignment, so that rows which
    -- only go need no grouping.
    if tg_op = 'DELETE' then
        deltas := array(
            select (
                org_id, student_id, course_id, 0, 0, -(grade is not null)::integer, -coalesce(grade, 0),
                -(grade is null and submitted_at is null)::integer, -(grade is null and submitted_at is not null)::integer,
                assignment_id
            )::board.performance_delta
            from old_rows
        );
    else
        deltas := array(
            select (
                d.org_id, d.student_id, d.course_id, 0, 0, d.graded, d.total, d.pending, d.ungraded, d.assignment_id
            )::board.performance_delta
            from (
                select
                    r.org_id, r.student_id, r.course_id, r.assignment_id,
                    coalesce(sum(r.sign) filter (where r.grade is not null), 0) as graded,
                    coalesce(sum(r.sign * r.grade), 0) as total,
                    coalesce(sum(r.sign) filter (where r.grade is null and r.submitted_at is null), 0) as pending,
                    coalesce(sum(r.sign) filter (where r.grade is null and r.submitted_at is not null), 0) as ungraded
                from (
                    select org_id, student_id, course_id, assignment_id, grade, submitted_at, 1 as sign from new_rows
                    union all
                    select org_id, student_id, course_id, assignment_id, grade, submitted_at, -1 from old_rows
                ) as r
                group by r.org_id, r.student_id, r.course_id, r.assignment_id
            ) as d
            where (d.graded, d.total, d.pending, d.ungraded) <> (0, 0, 0, 0)
        );
    end if;

    if deltas <> '{}' then
        perform board.add_performance(deltas);
    end if;
    return null;
end
$$;
comment on function board.tg_submission__performance() is
'Keeps the performance aggregates exact for submissions: update (handed in, graded, regraded, another student or assignment, moved
course) and delete, on one row or a million, at a cost that does not depend on the student''s history. New ones:
board.tg_submission__new.';
revoke all on function board.tg_submission__performance() from public;

create or replace trigger tg_submission__performance_update
after update on school.submission
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_submission__performance();

create or replace trigger tg_submission__performance_delete
after delete on school.submission
referencing old table as old_rows
for each statement execute function board.tg_submission__performance();
