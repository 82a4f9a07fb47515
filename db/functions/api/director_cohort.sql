create or replace function api.director_cohort(claims jsonb, cohort uuid) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.cohort_dashboard(cohort);
end
$$;
comment on function api.director_cohort(jsonb, uuid) is
'GET /api/v1/director/dashboard/cohorts/{id}/: board.cohort_dashboard() of a cohort that who asks directs, JSON as text. Raises HR404 for any
other. Roles director, admin.';
revoke all on function api.director_cohort(jsonb, uuid) from public;
grant execute on function api.director_cohort(jsonb, uuid) to homeroom_api;
