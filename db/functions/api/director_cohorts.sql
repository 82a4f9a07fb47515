create or replace function api.director_cohorts(
    claims jsonb,
    status text default null,
    track uuid default null,
    program uuid default null,
    mode text default null,
    sort text default 'name',
    descending boolean default false,
    page_limit integer default 50,
    page_cursor text default null
) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'director', 'admin');
    return board.director_cohorts(status, track, program, mode, sort, descending, page_limit, page_cursor);
end
$$;
comment on function api.director_cohorts(jsonb, text, uuid, uuid, text, text, boolean, integer, text) is
'GET /api/v1/director/dashboard/cohorts/: board.director_cohorts() of the director or admin who asks. Raises HR422 with the field in DETAIL (status,
mode, sort, limit, cursor). Roles director, admin.';
revoke all on function api.director_cohorts(jsonb, text, uuid, uuid, text, text, boolean, integer, text) from public;
grant execute on function api.director_cohorts(jsonb, text, uuid, uuid, text, text, boolean, integer, text) to homeroom_api;
