create or replace function api.student_snapshot(claims jsonb) returns text
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'student');
    return board.student_snapshot();
end
$$;
comment on function api.student_snapshot(jsonb) is
'What a stream of the student''s dashboard begins with: board.student_snapshot of the student who asks, JSON as text. Role student.';
revoke all on function api.student_snapshot(jsonb) from public;
grant execute on function api.student_snapshot(jsonb) to homeroom_api;
