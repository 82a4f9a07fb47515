-- PL/pgSQL rather than SQL, whose plan PostgreSQL before 18 makes anew at every call.
create or replace function board.set_counted(changes board.counted_change[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    with flipped as (
        insert into board.student_course_performance as p (org_id, student_id, course_id, counted)
        select c.org_id, c.student_id, c.course_id, c.counted
        from unnest(changes) as c
        order by c.org_id, c.student_id, c.course_id
        on conflict (org_id, student_id, course_id) do update set
            counted = excluded.counted
            where p.counted <> excluded.counted
        returning
            p.org_id, p.student_id, case when p.counted then 1 else -1 end as sign,
            p.total_quizzes_completed, p.quiz_score_sum, p.total_assignments_completed, p.assignment_score_sum
    )
    insert into board.student_performance as p (
        org_id, student_id,
        total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum,
        last_performance_update
    )
    select
        f.org_id, f.student_id,
        sum(f.sign * f.total_quizzes_completed), sum(f.sign * f.quiz_score_sum),
        sum(f.sign * f.total_assignments_completed), sum(f.sign * f.assignment_score_sum),
        case when bool_or(f.total_quizzes_completed + f.total_assignments_completed > 0) then now() end
    from flipped as f
    group by f.org_id, f.student_id
    order by f.org_id, f.student_id
    on conflict (org_id, student_id) do update set
        total_quizzes_completed = p.total_quizzes_completed + excluded.total_quizzes_completed,
        quiz_score_sum = p.quiz_score_sum + excluded.quiz_score_sum,
        total_assignments_completed = p.total_assignments_completed + excluded.total_assignments_completed,
        assignment_score_sum = p.assignment_score_sum + excluded.assignment_score_sum,
        last_performance_update = greatest(p.last_performance_update, excluded.last_performance_update);
end
$$;
comment on function board.set_counted(board.counted_change[]) is
'Lets what students did in courses count, or not count, in their totals. Only rows whose flag really turns move numbers, so
that saying it twice changes nothing.';
revoke all on function board.set_counted(board.counted_change[]) from public;
