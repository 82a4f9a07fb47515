create or replace function api.teacher_dashboard(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'teacher');
    return board.dashboard();
end
$$;
comment on function api.teacher_dashboard(jsonb) is
'GET /api/v1/teacher/dashboard: board.dashboard() of the teacher who asks, JSON as text; see board.teacher_documents. Role teacher.';
revoke all on function api.teacher_dashboard(jsonb) from public;
grant execute on function api.teacher_dashboard(jsonb) to homeroom_api;
