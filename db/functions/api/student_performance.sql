create or replace function api.student_performance(claims jsonb) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student');
    return row(
        json_build_object('student_profile', coalesce(
            (
                select board.performance_fields(
                    p.total_quizzes_completed, p.quiz_score_sum,
                    p.total_assignments_completed, p.assignment_score_sum, p.last_performance_update
                )
                from board.student_performance as p
                where p.org_id = (select auth.org_id()) and p.student_id = (select auth.person_id())
            ),
            board.performance_fields(0, 0, 0, 0, null)
        ))::text,
        -- As a parent's: what else the student does is none of it.
        board.document_tags('c', auth.person_id(), '{}'),
        900::double precision
    )::api.cacheable;
end
$$;
comment on function api.student_performance(jsonb) is
'GET /api/v1/student/performance: {"student_profile": {six fields}} of the student who asks; zeros and nulls while nothing has
been graded. Role student.';
revoke all on function api.student_performance(jsonb) from public;
grant execute on function api.student_performance(jsonb) to homeroom_api;
