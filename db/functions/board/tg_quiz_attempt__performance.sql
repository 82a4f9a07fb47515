create or replace function board.tg_quiz_attempt__performance() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    deltas board.performance_delta[];
begin
    -- An attempt counts once completed and scored, and only changes reach the aggregate: touching another column costs no write.
    if tg_op = 'INSERT' then
        deltas := array(
            select (org_id, student_id, course_id, count(*), sum(score), 0, 0, 0, 0, null)::board.performance_delta
            from new_rows
            where completed_at is not null and score is not null
            group by org_id, student_id, course_id
        );
    elsif tg_op = 'DELETE' then
        deltas := array(
            select (org_id, student_id, course_id, -count(*), -sum(score), 0, 0, 0, 0, null)::board.performance_delta
            from old_rows
            where completed_at is not null and score is not null
            group by org_id, student_id, course_id
        );
    else
        deltas := array(
            select (
                r.org_id, r.student_id, r.course_id, sum(r.sign), sum(r.sign * r.score), 0, 0, 0, 0, null
            )::board.performance_delta
            from (
                select org_id, student_id, course_id, completed_at, score, 1 as sign from new_rows
                union all
                select org_id, student_id, course_id, completed_at, score, -1 from old_rows
            ) as r
            where r.completed_at is not null and r.score is not null
            group by r.org_id, r.student_id, r.course_id
            having sum(r.sign) <> 0 or sum(r.sign * r.score) <> 0
        );
    end if;

    if deltas <> '{}' then
        perform board.add_performance(deltas);
    end if;
    return null;
end
$$;
comment on function board.tg_quiz_attempt__performance() is
'Keeps the performance aggregates exact for completed quiz attempts: insert, update (new score, another student, moved course) and
delete, on one row or a million, at a cost that does not depend on the student''s history.';
revoke all on function board.tg_quiz_attempt__performance() from public;

create or replace trigger tg_quiz_attempt__performance_insert
after insert on school.quiz_attempt
referencing new table as new_rows
for each statement execute function board.tg_quiz_attempt__performance();

create or replace trigger tg_quiz_attempt__performance_update
after update on school.quiz_attempt
referencing old table as old_rows new table as new_rows
for each statement execute function board.tg_quiz_attempt__performance();

create or replace trigger tg_quiz_attempt__performance_delete
after delete on school.quiz_attempt
referencing old table as old_rows
for each statement execute function board.tg_quiz_attempt__performance();
