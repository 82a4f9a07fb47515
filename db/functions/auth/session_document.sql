create or replace function auth.session_document(expires double precision) returns json
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
begin
    return json_build_object(
        'person', (
            select json_build_object('id', p.id, 'name', p.name)
            from school.person as p
            where p.org_id = (caller ->> 'org')::bigint and p.id = (caller ->> 'sub')::uuid
        ),
        'role', caller ->> 'role',
        'by_session', caller ? 'session',
        'expires_at', board.utc(to_timestamp(least(expires, 9e12)))
    );
end
$$;
comment on function auth.session_document(double precision) is
'{"person": {"id", "name"}, "role", "by_session", "expires_at"} of who asks. expires: seconds since 1970.';
revoke all on function auth.session_document(double precision) from public;
grant execute on function auth.session_document(double precision) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
