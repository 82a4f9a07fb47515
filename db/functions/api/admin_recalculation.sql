create or replace function api.admin_recalculation(claims jsonb, request uuid) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'admin');
    return board.recalculation(request);
end
$$;
comment on function api.admin_recalculation(jsonb, uuid) is
'GET /api/v1/admin/students/performance/recalculations/{id}: how far it is (board.recalculation). Raises HR404. Role admin.';
revoke all on function api.admin_recalculation(jsonb, uuid) from public;
grant execute on function api.admin_recalculation(jsonb, uuid) to homeroom_api;
