create or replace function api.parent_dashboard(claims jsonb) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'parent');
    return board.cacheable_dashboard();
end
$$;
comment on function api.parent_dashboard(jsonb) is
'GET /api/v1/parent/dashboard: board.cacheable_dashboard() of the parent who asks: {"children": [...]}, see
board.parent_documents. Role parent.';
revoke all on function api.parent_dashboard(jsonb) from public;
grant execute on function api.parent_dashboard(jsonb) to homeroom_api;
