create or replace function api.director_refresh(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.renew_dashboard();
end
$$;
comment on function api.director_refresh(jsonb) is
'POST /api/v1/director/dashboard/refresh: board.renew_dashboard() of the director or admin who asks, JSON as text. Roles director, admin.';
revoke all on function api.director_refresh(jsonb) from public;
grant execute on function api.director_refresh(jsonb) to homeroom_api;
