create or replace function api.admin_recalculate(claims jsonb, student_ids uuid[]) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    request uuid;
begin
    perform auth.enter(claims, 'admin');
    request := board.request_recalculation(student_ids);
    return board.recalculation(request);
end
$$;
comment on function api.admin_recalculate(jsonb, uuid[]) is
'POST /api/v1/admin/students/performance/recalculate: counts the numbers of these students of the organization again from their facts and
adds what differs. Up to 100 at once, more by a job; answers board.recalculation. Raises what board.request_recalculation does. Role
admin.';
revoke all on function api.admin_recalculate(jsonb, uuid[]) from public;
grant execute on function api.admin_recalculate(jsonb, uuid[]) to homeroom_api;
