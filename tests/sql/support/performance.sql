create function tests.performance(student text) returns text
language sql
as $$
    select concat_ws(
        ' ',
        coalesce(p.total_quizzes_completed, 0), board.average(p.quiz_score_sum, p.total_quizzes_completed),
        coalesce(p.total_assignments_completed, 0), board.average(p.assignment_score_sum, p.total_assignments_completed),
        board.average(
            p.quiz_score_sum + p.assignment_score_sum, p.total_quizzes_completed + p.total_assignments_completed
        )
    )
    from school.person as s
    left join board.student_performance as p on p.org_id = s.org_id and p.student_id = s.id
    where s.name = student
$$;
comment on function tests.performance(text) is
'A student''s numbers as kept: quizzes, their average, assignments, their average, the average of all. Averages of nothing
are left out; null for nobody.';
