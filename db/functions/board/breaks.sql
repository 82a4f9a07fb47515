create or replace function board.breaks(comparison text, threshold numeric, value numeric) returns boolean
language sql immutable parallel safe security invoker
return case comparison when 'below' then value < threshold else value > threshold end;
comment on function board.breaks(text, numeric, numeric) is
'Whether a number is on the bad side of a rule''s threshold: below it, or above; the threshold itself is not. Null of no number.';
revoke all on function board.breaks(text, numeric, numeric) from public;
