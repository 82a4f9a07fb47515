create or replace function api.parent_dashboard(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'parent');
    return board.dashboard();
end
$$;
comment on function api.parent_dashboard(jsonb) is
'GET /api/v1/parent/dashboard: board.dashboard() of the parent who asks, JSON as text: {"children": [...]}, see
board.parent_documents. Role parent.';
revoke all on function api.parent_dashboard(jsonb) from public;
grant execute on function api.parent_dashboard(jsonb) to homeroom_api;
