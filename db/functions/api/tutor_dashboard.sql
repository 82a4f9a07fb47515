create or replace function api.tutor_dashboard(claims jsonb) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'tutor');
    return board.cacheable_dashboard();
end
$$;
comment on function api.tutor_dashboard(jsonb) is
'GET /api/v1/tutor/dashboard: board.cacheable_dashboard() of the tutor who asks; see board.tutor_documents. Role tutor.';
revoke all on function api.tutor_dashboard(jsonb) from public;
grant execute on function api.tutor_dashboard(jsonb) to homeroom_api;
