create or replace function api.teacher_dashboard(claims jsonb) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'teacher');
    return board.cacheable_dashboard();
end
$$;
comment on function api.teacher_dashboard(jsonb) is
'GET /api/v1/teacher/dashboard: board.cacheable_dashboard() of the teacher who asks; see board.teacher_documents. Role teacher.';
revoke all on function api.teacher_dashboard(jsonb) from public;
grant execute on function api.teacher_dashboard(jsonb) to homeroom_api;
