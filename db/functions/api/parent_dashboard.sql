create or replace function api.parent_dashboard(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'parent');
    return json_build_object('children', (
        select coalesce(json_agg(json_build_object(
            'student', json_build_object('id', c.id, 'name', c.name),
            'student_profile', board.performance_fields(
                p.total_quizzes_completed, p.quiz_score_sum,
                p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update
            ),
            'trend', board.trend(c.id),
            'courses', board.course_breakdown(c.id),
            'last_graded_work', board.last_graded_work(c.id),
            'upcoming_deadlines', board.upcoming_deadlines(c.id)
        ) order by c.name, c.id), '[]')
        from school.guardian as g
        join school.person as c on c.org_id = g.org_id and c.id = g.student_id
        left join board.student_performance as p on p.org_id = c.org_id and p.student_id = c.id
        where g.org_id = (select auth.org_id()) and g.parent_id = (select auth.person_id())
    ));
end
$$;
comment on function api.parent_dashboard(jsonb) is
'GET /api/v1/parent/dashboard: {"children": [...]}, one element per child of the parent who asks, by name: student, the six
fields over all courses, the trend, the same per course, the work graded last, and up to five upcoming deadlines. Role parent.';
revoke all on function api.parent_dashboard(jsonb) from public;
grant execute on function api.parent_dashboard(jsonb) to homeroom_api;
