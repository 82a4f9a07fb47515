create or replace function api.session_begin(claims jsonb, session text, expires double precision, before text) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    -- No browser keeps a cookie for longer than 400 days.
    ends constant double precision := least(expires, extract(epoch from now()) + 400 * 86400);
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'mentor', 'director', 'analyst', 'admin', 'service');
    perform auth.begin_session(session, ends, before);
    return auth.session_document(ends);
end
$$;
comment on function api.session_begin(jsonb, text, double precision, text) is
'POST /api/v1/session: auth.begin_session(), then auth.session_document(). expires: when the token does, in seconds since 1970; the session
ends with it, and after 400 days at the latest. Every role.';
revoke all on function api.session_begin(jsonb, text, double precision, text) from public;
grant execute on function api.session_begin(jsonb, text, double precision, text) to homeroom_api;
