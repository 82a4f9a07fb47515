-- PL/pgSQL rather than SQL, whose plan PostgreSQL before 18 makes anew at every call.
create or replace function board.add_performance(deltas board.performance_delta[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- The planner takes an array for ten elements where a bulk statement brings a hundred thousand: no nested loop over it.
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    counted board.performance_delta[];
begin
    with course as (
        insert into board.student_course_performance as p (
            org_id, student_id, course_id,
            total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
            last_performance_update
        )
        select
            d.org_id, d.student_id, d.course_id,
            d.quizzes, d.quiz_score_sum, d.assignments, d.assignment_score_sum,
            now()
        from unnest(deltas) as d
        order by d.org_id, d.student_id, d.course_id
        on conflict (org_id, student_id, course_id) do update set
            total_quizzes_completed = p.total_quizzes_completed + excluded.total_quizzes_completed,
            quiz_score_sum = p.quiz_score_sum + excluded.quiz_score_sum,
            total_assignments_completed = p.total_assignments_completed + excluded.total_assignments_completed,
            assignment_score_sum = p.assignment_score_sum + excluded.assignment_score_sum,
            last_performance_update = greatest(p.last_performance_update, excluded.last_performance_update)
        returning p.org_id, p.student_id, p.course_id, p.counted
    )
    select array_agg(d)
    into counted
    from unnest(deltas) as d
    join course as c on c.org_id = d.org_id and c.student_id = d.student_id and c.course_id = d.course_id
    where c.counted;

    if counted is not null then
        perform board.add_to_totals(counted);
    end if;

    if exists (select from unnest(deltas) as d where d.quizzes < 0 or d.assignments < 0) then
        perform board.clear_performance(array(
            select (d.org_id, d.student_id, d.course_id)::board.student_course from unnest(deltas) as d
        ));
    end if;
end
$$;
comment on function board.add_performance(board.performance_delta[]) is
'Adds a statement''s deltas, one element per student and course, to the course rows and, where these count, to the students''
totals. The course row is written first and its counted flag read under that row''s lock: a drop or re-enrollment that runs
at the same time meets the fact there, so that each number is taken in or out exactly once. Rows are locked in key order,
course rows before totals, in every statement that writes them.';
revoke all on function board.add_performance(board.performance_delta[]) from public;
