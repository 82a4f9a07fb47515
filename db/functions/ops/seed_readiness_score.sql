-- Not strict: what is strict and has `case` or `greatest` in it is not inlined.
create or replace function ops.seed_readiness_score(student bigint, scoring bigint, week integer) returns numeric
language sql immutable parallel safe security invoker
return round(greatest(0, least(100,
    26
    + 46 * ops.seed_number(student, 'level')
    + 5 * (ops.seed_number(scoring, 'readiness') - 0.5)
    -- From half a point down to two points up a week, and along with the marks.
    + (2.5 * ops.seed_number(student, 'readies') - 0.5 + power(2 * ops.seed_number(student, 'slope') - 1, 3)) * (week + 12)
))::numeric, 1);
comment on function ops.seed_readiness_score(bigint, bigint, integer) is
'Readiness (percent) of a synthetic student in a week (0 is now): the level, and where it tends to. The keys are dice of
ops.seed_number.';
revoke all on function ops.seed_readiness_score(bigint, bigint, integer) from public;
