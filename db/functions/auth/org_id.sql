create or replace function auth.org_id() returns bigint
language sql stable parallel safe security invoker
return (auth.claims() ->> 'org')::bigint;
comment on function auth.org_id() is
'The caller''s organization, or null (which no row matches). In policies: org_id = (select auth.org_id()), computed once.';
revoke all on function auth.org_id() from public;
grant execute on function auth.org_id() to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
