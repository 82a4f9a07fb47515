create or replace function api.director_alert_acknowledge(claims jsonb, alert uuid, note text default null) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.acknowledge_alert(alert, note);
end
$$;
comment on function api.director_alert_acknowledge(jsonb, uuid, text) is
'POST /api/v1/director/dashboard/alerts/{id}/acknowledge: board.acknowledge_alert of who asks. Raises HR404, HR422 (note). Roles director, admin.';
revoke all on function api.director_alert_acknowledge(jsonb, uuid, text) from public;
grant execute on function api.director_alert_acknowledge(jsonb, uuid, text) to homeroom_api;
