create or replace function ops.seed_score(student uuid, course uuid, work uuid) returns numeric
language sql immutable strict parallel safe security invoker
return round(greatest(0, least(100,
    72
    + 36 * (ops.seed_number('level/' || student) - 0.5)
    + 12 * (ops.seed_number('talent/' || student || course) - 0.5)
    + 24 * (ops.seed_number('day/' || student || work) - 0.5)
))::numeric, 1);
comment on function ops.seed_score(uuid, uuid, uuid) is
'Percentage that a synthetic student reaches in a piece of work: mostly the student''s level, partly the course, partly the day.';
revoke all on function ops.seed_score(uuid, uuid, uuid) from public;
