create or replace function api.director_cohort_refresh(claims jsonb, cohort uuid) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.renew_cohort_dashboard(cohort);
end
$$;
comment on function api.director_cohort_refresh(jsonb, uuid) is
'POST /api/v1/director/dashboard/cohorts/{id}/refresh: board.renew_cohort_dashboard() of a cohort that who asks directs, JSON as text. Raises
HR404 for any other. Roles director, admin.';
revoke all on function api.director_cohort_refresh(jsonb, uuid) from public;
grant execute on function api.director_cohort_refresh(jsonb, uuid) to homeroom_api;
