create or replace function auth.person_id() returns uuid
language sql stable parallel safe security invoker
return (auth.claims() ->> 'sub')::uuid;
comment on function auth.person_id() is 'The caller''s person id, or null (which no row matches).';
revoke all on function auth.person_id() from public;
grant execute on function auth.person_id() to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
