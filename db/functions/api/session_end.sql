create or replace function api.session_end(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    return json_build_object('ended', auth.end_session());
end
$$;
comment on function api.session_end(jsonb) is 'DELETE /api/v1/session: {"ended": how many}, see auth.end_session(). Every role.';
revoke all on function api.session_end(jsonb) from public;
grant execute on function api.session_end(jsonb) to homeroom_api;
