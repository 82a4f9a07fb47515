create or replace function api.teacher_assignment(
    claims jsonb, assignment uuid, page_limit integer default 50, page_cursor text default null
) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'teacher');
    return board.assignment_sheet(assignment, page_limit, page_cursor);
end
$$;
comment on function api.teacher_assignment(jsonb, uuid, integer, text) is
'GET /api/v1/teacher/assignments/{id}: board.assignment_sheet of an assignment of a course that the teacher who asks teaches. Raises HR404 for
any other''s, HR422 (limit, cursor). Role teacher.';
revoke all on function api.teacher_assignment(jsonb, uuid, integer, text) from public;
grant execute on function api.teacher_assignment(jsonb, uuid, integer, text) to homeroom_api;
