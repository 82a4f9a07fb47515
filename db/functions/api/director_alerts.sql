create or replace function api.director_alerts(
    claims jsonb, status text default 'open', severity text default null, cohort uuid default null,
    page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.alert_list(status, severity, cohort, page_limit, page_cursor);
end
$$;
comment on function api.director_alerts(jsonb, text, text, uuid, integer, text) is
'GET /api/v1/director/dashboard/alerts: board.alert_list of who asks. Raises HR422 (status, severity, limit, cursor). Roles director, admin.';
revoke all on function api.director_alerts(jsonb, text, text, uuid, integer, text) from public;
grant execute on function api.director_alerts(jsonb, text, text, uuid, integer, text) to homeroom_api;
