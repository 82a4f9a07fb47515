create or replace function api.director_cohort(claims jsonb, cohort uuid) returns api.cacheable
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.cacheable_cohort(cohort);
end
$$;
comment on function api.director_cohort(jsonb, uuid) is
'GET /api/v1/director/dashboard/cohorts/{id}/: board.cacheable_cohort() of a cohort that who asks directs. Raises HR404 for any
other. Roles director, admin.';
revoke all on function api.director_cohort(jsonb, uuid) from public;
grant execute on function api.director_cohort(jsonb, uuid) to homeroom_api;
