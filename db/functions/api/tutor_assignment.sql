create or replace function api.tutor_assignment(
    claims jsonb, assignment uuid, page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'tutor');
    return board.assignment_sheet(assignment, page_limit, page_cursor);
end
$$;
comment on function api.tutor_assignment(jsonb, uuid, integer, text) is
'GET /api/v1/tutor/assignments/{id}: board.assignment_sheet of an assignment of a course in which a student of the tutor who asks is active or has completed. Raises HR404 for
any other''s, HR422 (limit, cursor). Role tutor.';
revoke all on function api.tutor_assignment(jsonb, uuid, integer, text) from public;
grant execute on function api.tutor_assignment(jsonb, uuid, integer, text) to homeroom_api;
