create or replace function auth.has_role(role text) returns boolean
language sql stable parallel safe security invoker
return coalesce(auth.claims() ->> 'role' = role, false);
comment on function auth.has_role(text) is
'Whether the caller acts as this role (student, parent, teacher, tutor, mentor, director, analyst, admin, service).';
revoke all on function auth.has_role(text) from public;
grant execute on function auth.has_role(text) to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
