create or replace function board.today() returns date
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
begin
    return (
        select (now() at time zone o.time_zone)::date from school.organization as o where o.org_id = (select auth.org_id())
    );
end
$$;
comment on function board.today() is 'What day it is in the caller''s organization.';
revoke all on function board.today() from public;
grant execute on function board.today() to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
