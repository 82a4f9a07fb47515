create or replace function auth.login_claims() returns jsonb
language sql stable parallel safe security definer
set search_path = ''
as $$
    select jsonb_build_object('sub', l.person_id, 'org', l.org_id, 'role', l.role)
    from auth.db_login as l
    join school.person as p on p.org_id = l.org_id and p.id = l.person_id
    where l.login = session_user and p.is_active
$$;
comment on function auth.login_claims() is
'Claims of the person behind this PostgreSQL login: {"sub", "org", "role"}, or null for a login without an active person.
session_user cannot be changed by the session itself, so nothing that an analyst sets makes a difference here.';
revoke all on function auth.login_claims() from public;
grant execute on function auth.login_claims() to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
