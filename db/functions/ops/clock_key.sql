create or replace function ops.clock_key() returns integer
language sql immutable parallel safe security invoker
return 1668050795;
comment on function ops.clock_key() is
'First key of the advisory lock that whoever runs a job holds meanwhile: 0x636c6f6b, "clok", to be recognized in pg_locks. The second is 0.';
revoke all on function ops.clock_key() from public;
