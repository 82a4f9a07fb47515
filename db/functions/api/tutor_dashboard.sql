create or replace function api.tutor_dashboard(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'tutor');
    return board.dashboard();
end
$$;
comment on function api.tutor_dashboard(jsonb) is
'GET /api/v1/tutor/dashboard: board.dashboard() of the tutor who asks, JSON as text; see board.tutor_documents. Role tutor.';
revoke all on function api.tutor_dashboard(jsonb) from public;
grant execute on function api.tutor_dashboard(jsonb) to homeroom_api;
