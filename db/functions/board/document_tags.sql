-- No `set` clause, so that it is part of the expression that calls it: a read of the dashboard is counted in microseconds.
create or replace function board.document_tags(kind text, id uuid, scopes uuid[]) returns text[]
language sql stable parallel safe security invoker
return string_to_array(concat_ws(',', 'org', kind, kind || id, kind || nullif(array_to_string(scopes, ',' || kind), '')), ',');
comment on function board.document_tags(text, uuid, uuid[]) is
'The tags of an answer, by which board.mark_tags says that it is out of date: org, by which all of the organization''s are; its kind, by which all of that kind
are; and with its kind before it whom it is for, or which cohort it is about, and everything whose facts it shows (scopes). kind: s a student''s, c a
parent''s or tutor''s, t a teacher''s, d a director''s summary or the page of a cohort, a an admin''s summary.';
revoke all on function board.document_tags(text, uuid, uuid[]) from public;
grant execute on function board.document_tags(text, uuid, uuid[]) to homeroom_student, homeroom_parent;
