create or replace function board.utc(moment timestamptz) returns text
language sql stable parallel safe security invoker
-- to_json writes ISO 8601 whatever the session's DateStyle; the fraction of a second appears only where there is one.
return to_json(moment at time zone 'UTC') #>> '{}' || 'Z';
comment on function board.utc(timestamptz) is 'ISO 8601 in UTC with Z, as every answer of the API writes time: 2024-01-15T10:30:00Z.';
revoke all on function board.utc(timestamptz) from public;
grant execute on function board.utc(timestamptz) to
    homeroom_api, homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor,
    homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
