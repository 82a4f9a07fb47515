create or replace function feed.student_payload(student uuid, name text, email text, is_named boolean) returns json
language sql immutable parallel safe security invoker
return case
    when is_named then json_build_object('id', student, 'name', name, 'email', email)
    else json_build_object('id', student)
end;
comment on function feed.student_payload(uuid, text, text, boolean) is
'What an event says of a student: {"id", "name", "email"}, or the id alone where somebody who hears it may not read the name.';
revoke all on function feed.student_payload(uuid, text, text, boolean) from public;
