-- Not strict: what is strict and has `case` or `greatest` in it is not inlined.
create or replace function ops.seed_score(student bigint, course bigint, work bigint, week integer) returns numeric
language sql immutable parallel safe security invoker
return round(greatest(0, least(100,
    72
    + 36 * (ops.seed_number(student, 'level') - 0.5)
    + 12 * (ops.seed_number(course, 'talent') - 0.5)
    + 24 * (ops.seed_number(work, 'day') - 0.5)
    -- The third power keeps most students steady and lets a few rise or fall by up to two points a week.
    + 2.2 * power(2 * ops.seed_number(student, 'slope') - 1, 3) * (week + 6)
))::numeric, 1);
comment on function ops.seed_score(bigint, bigint, bigint, integer) is
'Percentage that a synthetic student reaches in a piece of work of a week (0 is now): mostly the student''s level and where it
tends to, partly the course, partly the day. The keys are dice of ops.seed_number.';
revoke all on function ops.seed_score(bigint, bigint, bigint, integer) from public;
