create or replace function api.parent_student_performance(claims jsonb, student uuid, history_days integer default 30) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    child json;
    midnight timestamptz;
begin
    perform auth.enter(claims, 'parent');

    if history_days not between 1 and 366 or history_days is null then
        raise 'history_days must be from 1 to 366' using errcode = 'HR422', detail = 'history_days';
    end if;

    select json_build_object(
        'student', json_build_object('id', c.id, 'name', c.name),
        'student_profile', board.performance_fields(
            p.total_quizzes_completed, p.quiz_score_sum,
            p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update
        ),
        'trend', board.trend(c.id),
        'history', (
            select coalesce(json_agg(json_build_object(
                'day', h.day,
                'total_quizzes_completed', h.total_quizzes_completed,
                'total_assignments_completed', h.total_assignments_completed,
                'overall_quiz_average_score', board.average(h.quiz_score_sum, h.total_quizzes_completed),
                'overall_assignment_average_score', board.average(h.assignment_score_sum, h.total_assignments_completed),
                'overall_average_score', board.average(
                    h.quiz_score_sum + h.assignment_score_sum, h.total_quizzes_completed + h.total_assignments_completed
                )
            ) order by h.day), '[]')
            from board.performance_history(c.id, board.today() - history_days + 1) as h
        )
    )
    into child
    from school.guardian as g
    join school.person as c on c.org_id = g.org_id and c.id = g.student_id
    left join board.student_performance as p on p.org_id = c.org_id and p.student_id = c.id
    where g.org_id = (select auth.org_id()) and g.parent_id = (select auth.person_id()) and g.student_id = student;

    if child is null then
        raise 'there is no such child of yours' using errcode = 'HR404';
    end if;
    select (board.today() + 1)::timestamp at time zone o.time_zone
    into midnight
    from school.organization as o
    where o.org_id = (select auth.org_id());
    return row(
        child::text,
        board.document_tags('c', auth.person_id(), array[student]),
        -- Tomorrow the days are others.
        least(900, date_part('epoch', midnight - clock_timestamp()))
    )::api.cacheable;
end
$$;
comment on function api.parent_student_performance(jsonb, uuid, integer) is
'GET /api/v1/parent/students/{id}/performance: {"student", "student_profile": {six fields}, "trend": improving|steady|declining, "history":
[{"day", five numbers at its end}]} of one child of the parent who asks: the days among the last history_days (1 to 366, today
included) on which the numbers changed, oldest first. Raises HR404 for anybody else''s child, HR422 (history_days). Role parent.';
revoke all on function api.parent_student_performance(jsonb, uuid, integer) from public;
grant execute on function api.parent_student_performance(jsonb, uuid, integer) to homeroom_api;
