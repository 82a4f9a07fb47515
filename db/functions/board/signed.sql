create or replace function board.signed(change numeric) returns text
language sql immutable parallel safe security invoker
return case when round(change, 1) > 0 then '+' else '' end || round(change, 1)::text;
comment on function board.signed(numeric) is 'A change as a text with its sign and one decimal: +2.1, -0.4, 0.0; null for null.';
revoke all on function board.signed(numeric) from public;
