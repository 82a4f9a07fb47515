create or replace function api.session_begin(claims jsonb, session text, expires double precision, before text) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    perform auth.begin_session(session, expires, before);
    return auth.session_document(expires);
end
$$;
comment on function api.session_begin(jsonb, text, double precision, text) is
'POST /api/v1/session: auth.begin_session(), then auth.session_document(). Every role.';
revoke all on function api.session_begin(jsonb, text, double precision, text) from public;
grant execute on function api.session_begin(jsonb, text, double precision, text) to homeroom_api;
