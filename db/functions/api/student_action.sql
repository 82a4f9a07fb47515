create or replace function api.student_action(claims jsonb, action jsonb, idempotency_key text) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student');
    return school.student_action(action, idempotency_key);
end
$$;
comment on function api.student_action(jsonb, jsonb, text) is
'POST /api/v1/student/dashboard/action: school.student_action of the student who asks. Role student.';
revoke all on function api.student_action(jsonb, jsonb, text) from public;
grant execute on function api.student_action(jsonb, jsonb, text) to homeroom_api;
