create or replace function api.dashboard_snapshot(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'teacher', 'tutor', 'parent', 'director', 'admin');
    return board.dashboard_snapshot();
end
$$;
comment on function api.dashboard_snapshot(jsonb) is
'What a stream of the dashboard begins with: board.dashboard_snapshot of who asks, JSON as text. Roles teacher, tutor, parent, director,
admin.';
revoke all on function api.dashboard_snapshot(jsonb) from public;
grant execute on function api.dashboard_snapshot(jsonb) to homeroom_api;
