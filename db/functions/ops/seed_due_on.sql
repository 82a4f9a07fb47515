create or replace function ops.seed_due_on(today date, week integer, class integer, subject integer) returns date
language sql immutable strict parallel safe security invoker
return today + 7 * week + (class + 2 * subject) % 7;
comment on function ops.seed_due_on(date, integer, integer, integer) is
'Day on which a synthetic class has to be ready with a subject''s work of a week (0 is the one that begins today): classes and
subjects spread over the week.';
revoke all on function ops.seed_due_on(date, integer, integer, integer) from public;
