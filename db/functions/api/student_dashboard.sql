create or replace function api.student_dashboard(claims jsonb, include_notifications boolean, include_ai_nudge boolean) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student');
    return board.student_dashboard(include_notifications, include_ai_nudge);
end
$$;
comment on function api.student_dashboard(jsonb, boolean, boolean) is
'GET /api/v1/student/dashboard: board.student_dashboard of the student who asks, JSON as text. Role student.';
revoke all on function api.student_dashboard(jsonb, boolean, boolean) from public;
grant execute on function api.student_dashboard(jsonb, boolean, boolean) to homeroom_api;
