create or replace function board.rules_key(org bigint) returns bigint
language sql immutable parallel safe security invoker
return hashtextextended('alert rules of ' || org, 0);
comment on function board.rules_key(bigint) is
'Key of the advisory lock on which cohorts the alert rules of an organization are for: shared by cohorts that come to a track, exclusive to rules that
change.';
revoke all on function board.rules_key(bigint) from public;
