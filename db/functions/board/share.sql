create or replace function board.share(part numeric, whole numeric) returns numeric
language sql immutable parallel safe security invoker
return round(100 * part / nullif(whole, 0), 2);
comment on function board.share(numeric, numeric) is 'What part is of the whole, per cent with two decimals, rounded half up; null of nothing.';
revoke all on function board.share(numeric, numeric) from public;
