create or replace function api.student_dashboard(claims jsonb, include_notifications boolean, include_ai_nudge boolean)
returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student');
    return board.cacheable_student(include_notifications, include_ai_nudge);
end
$$;
comment on function api.student_dashboard(jsonb, boolean, boolean) is
'GET /api/v1/student/dashboard: board.cacheable_student of the student who asks. Role student.';
revoke all on function api.student_dashboard(jsonb, boolean, boolean) from public;
grant execute on function api.student_dashboard(jsonb, boolean, boolean) to homeroom_api;
