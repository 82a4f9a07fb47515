-- Invoker's rights and no `set`, so that the planner inlines it into policies.
create or replace function auth.claims() returns jsonb
language sql stable parallel safe security invoker
return case
    when session_user = 'homeroom_api' then nullif(current_setting('request.jwt.claims', true), '')::jsonb
    else auth.login_claims()
end;
comment on function auth.claims() is
'Who is asking: {"sub": person id, "org": organization, "role": role}, or null. The setting request.jwt.claims is believed
only in a session that logged in as the API; everybody else is known by session_user (auth.db_login).';
revoke all on function auth.claims() from public;
grant execute on function auth.claims() to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
