create or replace function api.cursor_encode(place jsonb) returns text
language sql immutable parallel safe security invoker
return translate(encode(convert_to(place::text, 'UTF8'), 'base64'), E'+/=\n', '-_');
comment on function api.cursor_encode(jsonb) is
'A page''s end as opaque URL-safe text. place: {"of": what list in what order, "key": sort value or null, "id": uuid}.';
revoke all on function api.cursor_encode(jsonb) from public;
grant execute on function api.cursor_encode(jsonb) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
