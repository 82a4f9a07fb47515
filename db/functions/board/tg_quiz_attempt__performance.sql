create or replace function board.tg_quiz_attempt__performance() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    deltas board.performance_delta[];
begin
    -- An attempt counts once completed and scored, and only changes reach the aggregate: touching another column costs no write.
    if tg_op = 'INSERT' then
        select array_agg((d.org_id, d.student_id, d.course_id, d.n, d.total, 0, 0, 0, 0)::board.performance_delta)
        into deltas
        from (
            select org_id, student_id, course_id, count(*) as n, sum(score) as total
            from new_rows
            where completed_at is not null and score is not null
            group by org_id, student_id, course_id
        ) as d;
    elsif tg_op = 'DELETE' then
        select array_agg((d.org_id, d.student_id, d.course_id, d.n, d.total, 0, 0, 0, 0)::board.performance_delta)
        into deltas
        from (
            select org_id, student_id, course_id, -count(*) as n, -sum(score) as total
            from old_rows
            where completed_at is not null and score is not null
            group by org_id, student_id, course_id
        ) as d;
    else
        select array_agg((d.org_id, d.student_id, d.course_id, d.n, d.total, 0, 0, 0, 0)::board.performance_delta)
        into deltas
        from (
            select r.org_id, r.student_id, r.course_id, sum(r.sign) as n, sum(r.sign * r.score) as total
            from (
                select org_id, student_id, course_id, completed_at, score, 1 as sign from new_rows
                union all
                select org_id, student_id, course_id, completed_at, score, -1 from old_rows
            ) as r
            where r.completed_at is not null and r.score is not null
            group by r.org_id, r.student_id, r.course_id
            having sum(r.sign) <> 0 or sum(r.sign * r.score) <> 0
        ) as d;
    end if;

    if deltas is not null then
        perform board.add_performance(deltas);
        if tg_op <> 'INSERT' then
            perform board.clear_performance(array(
                select (d.org_id, d.student_id, d.course_id)::board.student_course
                from unnest(deltas) as d
                where d.quizzes + d.assignments + d.pending + d.ungraded < 0
            ));
        end if;
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
