create or replace function board.add_to_totals(deltas board.performance_delta[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    insert into board.student_performance as p (
        org_id, student_id,
        total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
        last_performance_update
    )
    select
        d.org_id, d.student_id,
        sum(d.quizzes), sum(d.quiz_score_sum), sum(d.assignments), sum(d.assignment_score_sum),
        -- A course without work comes or goes: the student is known from now on, the numbers stay.
        case when bool_or(d.quizzes <> 0 or d.assignments <> 0 or d.quiz_score_sum <> 0 or d.assignment_score_sum <> 0) then now() end
    from unnest(deltas) as d
    group by d.org_id, d.student_id
    order by d.org_id, d.student_id
    on conflict (org_id, student_id) do update set
        total_quizzes_completed = p.total_quizzes_completed + excluded.total_quizzes_completed,
        quiz_score_sum = p.quiz_score_sum + excluded.quiz_score_sum,
        total_assignments_completed = p.total_assignments_completed + excluded.total_assignments_completed,
        assignment_score_sum = p.assignment_score_sum + excluded.assignment_score_sum,
        last_performance_update = greatest(p.last_performance_update, excluded.last_performance_update);
end
$$;
comment on function board.add_to_totals(board.performance_delta[]) is
'Adds deltas of courses that count to the students'' totals over all courses; null or empty adds nothing.';
revoke all on function board.add_to_totals(board.performance_delta[]) from public;
