create or replace function board.dashboard() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return (board.cacheable_dashboard()).document;
end
$$;
comment on function board.dashboard() is
'The dashboard of who asks, in the role taken, as JSON: board.cacheable_dashboard without what a cache has to know. Roles teacher, tutor, parent,
director, admin.';
revoke all on function board.dashboard() from public;
grant execute on function board.dashboard() to
    homeroom_teacher, homeroom_tutor, homeroom_parent, homeroom_director, homeroom_admin;
