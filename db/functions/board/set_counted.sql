create or replace function board.set_counted(keys board.student_course[]) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
    -- What the enrollment is now, rather than what the statement made of it: of two parts of one statement (a delete in a CTE, an
    -- insert of the same key) either may be told last. The caller's transaction wrote these enrollments: they are locked.
    with change as (
        select
            k.org_id, k.student_id, k.course_id,
            exists (
                select from school.enrollment as e
                where e.org_id = k.org_id and e.student_id = k.student_id and e.course_id = k.course_id and e.status <> 'dropped'
            ) as counted
        from unnest(keys) as k
    ),
    flipped as (
        insert into board.student_course_performance as p (org_id, student_id, course_id, counted)
        select c.org_id, c.student_id, c.course_id, c.counted
        from change as c
        -- Where there is no row, there is nothing to take out.
        where c.counted or exists (
            select from board.student_course_performance as e
            where e.org_id = c.org_id and e.student_id = c.student_id and e.course_id = c.course_id
        )
        order by c.org_id, c.student_id, c.course_id
        on conflict (org_id, student_id, course_id) do update set
            counted = excluded.counted,
            counted_changed_at = case when p.total_quizzes_completed + p.total_assignments_completed > 0 then now() end
            where p.counted <> excluded.counted
        returning
            p.org_id, p.course_id, case when p.counted then 1 else -1 end as sign,
            p.total_quizzes_completed, p.quiz_score_sum, p.total_assignments_completed, p.assignment_score_sum,
            p.pending_submissions, p.ungraded_submissions
    )
    insert into board.work_delta (
        org_id, course_id, enrollments, total_quizzes_completed, quiz_score_sum, total_assignments_completed,
        assignment_score_sum, pending_submissions, ungraded_submissions
    )
    select
        f.org_id, f.course_id, sum(f.sign),
        sum(f.sign * f.total_quizzes_completed), sum(f.sign * f.quiz_score_sum),
        sum(f.sign * f.total_assignments_completed), sum(f.sign * f.assignment_score_sum),
        sum(f.sign * f.pending_submissions), sum(f.sign * f.ungraded_submissions)
    from flipped as f
    group by f.org_id, f.course_id;

    perform board.clear_performance(keys);
end
$$;
comment on function board.set_counted(board.student_course[]) is
'Lets what students did in courses count in the totals of student, course and organization where the enrollment is active or
completed, and not count where it is dropped or gone. Only rows whose flag really turns move numbers, so that saying it twice
changes nothing.';
revoke all on function board.set_counted(board.student_course[]) from public;
