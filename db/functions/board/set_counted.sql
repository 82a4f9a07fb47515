create or replace function board.set_counted(changes board.counted_change[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    moved board.performance_delta[];
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
            p.org_id, p.student_id, p.course_id, case when p.counted then 1 else -1 end as sign,
            p.total_quizzes_completed, p.quiz_score_sum, p.total_assignments_completed, p.assignment_score_sum
    )
    select array_agg((
        f.org_id, f.student_id, f.course_id,
        f.sign * f.total_quizzes_completed, f.sign * f.quiz_score_sum,
        f.sign * f.total_assignments_completed, f.sign * f.assignment_score_sum
    )::board.performance_delta)
    into moved
    from flipped as f;

    if moved is not null then
        perform board.add_to_totals(moved);
    end if;

    perform board.clear_performance(array(
        select (c.org_id, c.student_id, c.course_id)::board.student_course from unnest(changes) as c where not c.counted
    ));
end
$$;
comment on function board.set_counted(board.counted_change[]) is
'Lets what students did in courses count, or not count, in their totals. Only rows whose flag really turns move numbers, so
that saying it twice changes nothing.';
revoke all on function board.set_counted(board.counted_change[]) from public;
