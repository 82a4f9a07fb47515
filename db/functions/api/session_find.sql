create or replace function api.session_find(org bigint, session text) returns json
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (
        select
            json_build_object(
                'sub', s.person_id, 'org', s.org_id, 'role', s.role, 'session', session_find.session,
                'expires', extract(epoch from s.expires_at)::double precision
            )
        from auth.session as s
        where s.org_id = session_find.org and s.id = decode(session_find.session, 'hex') and s.expires_at > now()
    );
end
$$;
comment on function api.session_find(bigint, text) is
'The claims of a session, {"sub", "org", "role", "session", "expires"}, or null. session: SHA-256 of a cookie''s random part, hexadecimal. The API
remembers them for a while; whether the session still is, auth.enter() asks each time.';
revoke all on function api.session_find(bigint, text) from public;
grant execute on function api.session_find(bigint, text) to homeroom_api;
