create or replace function api.director_summary(claims jsonb) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.cacheable_dashboard();
end
$$;
comment on function api.director_summary(jsonb) is
'GET /api/v1/director/dashboard/summary/: board.cacheable_dashboard() of the director or admin who asks; see board.director_documents. Roles
director, admin.';
revoke all on function api.director_summary(jsonb) from public;
grant execute on function api.director_summary(jsonb) to homeroom_api;
