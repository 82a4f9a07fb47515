create or replace function api.session_read(claims jsonb, expires double precision) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    return auth.session_document(expires);
end
$$;
comment on function api.session_read(jsonb, double precision) is
'GET /api/v1/session: auth.session_document() of who asks, whether by a token or by a session. expires: of that, in seconds since 1970. Every role.';
revoke all on function api.session_read(jsonb, double precision) from public;
grant execute on function api.session_read(jsonb, double precision) to homeroom_api;
