-- PL/pgSQL rather than SQL, whose plan PostgreSQL before 18 makes anew at every call.
create or replace function board.add_performances(deltas board.performance_delta[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- The planner takes an array for ten elements where a bulk statement brings a hundred thousand: no nested loop over it.
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
    with course as (
        insert into board.student_course_performance as p (
            org_id, student_id, course_id,
            total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
            pending_submissions, ungraded_submissions, last_performance_update
        )
        select
            d.org_id, d.student_id, d.course_id,
            sum(d.quizzes), sum(d.quiz_score_sum), sum(d.assignments), sum(d.assignment_score_sum),
            sum(d.pending), sum(d.ungraded),
            max(case when (d.quizzes, d.quiz_score_sum, d.assignments, d.assignment_score_sum) <> (0, 0, 0, 0) then now() end)
        from unnest(deltas) as d
        group by d.org_id, d.student_id, d.course_id
        order by d.org_id, d.student_id, d.course_id
        on conflict (org_id, student_id, course_id) do update set
            total_quizzes_completed = p.total_quizzes_completed + excluded.total_quizzes_completed,
            quiz_score_sum = p.quiz_score_sum + excluded.quiz_score_sum,
            total_assignments_completed = p.total_assignments_completed + excluded.total_assignments_completed,
            assignment_score_sum = p.assignment_score_sum + excluded.assignment_score_sum,
            pending_submissions = p.pending_submissions + excluded.pending_submissions,
            ungraded_submissions = p.ungraded_submissions + excluded.ungraded_submissions,
            last_performance_update = greatest(p.last_performance_update, excluded.last_performance_update)
        returning p.org_id, p.student_id, p.course_id, p.counted
    )
    insert into board.work_delta (
        org_id, course_id, assignment_id, counted,
        total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
        pending_submissions, ungraded_submissions
    )
    select
        d.org_id, d.course_id, d.assignment_id, c.counted,
        sum(d.quizzes), sum(d.quiz_score_sum), sum(d.assignments), sum(d.assignment_score_sum),
        sum(d.pending), sum(d.ungraded)
    from unnest(deltas) as d
    join course as c on c.org_id = d.org_id and c.student_id = d.student_id and c.course_id = d.course_id
    where c.counted or d.assignment_id is not null
    group by d.org_id, d.course_id, d.assignment_id, c.counted;

    if exists (select from unnest(deltas) as d where d.quizzes + d.assignments + d.pending + d.ungraded < 0) then
        perform board.clear_performance(array(
            select (d.org_id, d.student_id, d.course_id)::board.student_course from unnest(deltas) as d
        ));
    end if;
end
$$;
comment on function board.add_performances(board.performance_delta[]) is
'What board.add_performance does, for statements that bring many facts: sorted, joined and grouped; the students'' rows are locked in key
order.';
revoke all on function board.add_performances(board.performance_delta[]) from public;
