-- No `set`, which costs each fact: called by triggers whose path is empty.
create or replace function board.add_performance(deltas board.performance_delta[]) returns void
language plpgsql volatile parallel unsafe security invoker
as $$
#variable_conflict use_column
declare
    one constant board.performance_delta := deltas[1];
    changed_at constant timestamptz
        := case when (one.quizzes, one.quiz_score_sum, one.assignments, one.assignment_score_sum) <> (0, 0, 0, 0) then now() end;
    one_counts boolean;
begin
    if cardinality(deltas) > 1 then
        perform board.add_performances(deltas);
        return;
    end if;

    -- Most statements bring one fact. The same two writes without what sets need (sort, join, grouping), which would cost as much
    -- again as the writes. The row is nearly always there: updating it asks one index and locks it once; should it be on its way in or
    -- out, the upsert finds it.
    update board.student_course_performance as p set
        total_quizzes_completed = p.total_quizzes_completed + one.quizzes,
        quiz_score_sum = p.quiz_score_sum + one.quiz_score_sum,
        total_assignments_completed = p.total_assignments_completed + one.assignments,
        assignment_score_sum = p.assignment_score_sum + one.assignment_score_sum,
        pending_submissions = p.pending_submissions + one.pending,
        ungraded_submissions = p.ungraded_submissions + one.ungraded,
        last_performance_update = greatest(p.last_performance_update, changed_at)
    where p.org_id = one.org_id and p.student_id = one.student_id and p.course_id = one.course_id
    returning p.counted into one_counts;

    if not found then
        insert into board.student_course_performance as p (
            org_id, student_id, course_id,
            total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
            pending_submissions, ungraded_submissions, last_performance_update
        )
        values (
            one.org_id, one.student_id, one.course_id,
            one.quizzes, one.quiz_score_sum, one.assignments, one.assignment_score_sum,
            one.pending, one.ungraded,
            changed_at
        )
        on conflict (org_id, student_id, course_id) do update set
            total_quizzes_completed = p.total_quizzes_completed + excluded.total_quizzes_completed,
            quiz_score_sum = p.quiz_score_sum + excluded.quiz_score_sum,
            total_assignments_completed = p.total_assignments_completed + excluded.total_assignments_completed,
            assignment_score_sum = p.assignment_score_sum + excluded.assignment_score_sum,
            pending_submissions = p.pending_submissions + excluded.pending_submissions,
            ungraded_submissions = p.ungraded_submissions + excluded.ungraded_submissions,
            last_performance_update = greatest(p.last_performance_update, excluded.last_performance_update)
        returning p.counted into one_counts;
    end if;

    if one_counts or one.assignment_id is not null then
        insert into board.work_delta (
            org_id, course_id, assignment_id, counted,
            total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
            pending_submissions, ungraded_submissions
        )
        values (
            one.org_id, one.course_id, one.assignment_id, one_counts,
            one.quizzes, one.quiz_score_sum, one.assignments, one.assignment_score_sum,
            one.pending, one.ungraded
        );
    end if;

    if one.quizzes + one.assignments + one.pending + one.ungraded < 0 then
        perform board.clear_performance(array[(one.org_id, one.student_id, one.course_id)::board.student_course]);
    end if;
end
$$;
comment on function board.add_performance(board.performance_delta[]) is
'Adds a statement''s deltas, one element per student, course and assignment (null: a quiz), to the students'' rows in place and to
what the rollups have yet to fold: one row per statement, course and assignment, for the assignment and, where the students''
rows count, for course and organization. The student''s row is written first and its counted flag read under that row''s lock: a
drop or re-enrollment that runs at the same time meets the fact there, so that each number is taken in or out exactly once. Rows
are locked in key order.';
revoke all on function board.add_performance(board.performance_delta[]) from public;
