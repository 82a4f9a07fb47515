-- Thirty students are a class, three classes a house: whoever belongs together (families, tutors) is in one house, so that
-- houses are independent of each other.
-- Not strict: what is strict and has `case` or `greatest` in it is not inlined.
create or replace function ops.seed_household(student integer) returns integer
language sql immutable parallel safe security invoker
return case
    -- twins in the first class of a house
    when student % 90 = 2 then student - 1
    -- brothers and sisters in all three classes, or in the first two
    when (student - 1) % 30 < 6 or (student - 1) % 30 < 22 and (student - 1) % 90 < 60
        then student - (student - 1) % 90 + (student - 1) % 30
    else student
end;
comment on function ops.seed_household(integer) is
'Number of the synthetic student''s household: that of the student who gives it the name. Three in four have siblings, nearly
all of these in other classes.';
revoke all on function ops.seed_household(integer) from public;
