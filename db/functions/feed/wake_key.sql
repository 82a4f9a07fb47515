create or replace function feed.wake_key() returns integer
language sql immutable parallel safe security invoker
return 1717921124;
comment on function feed.wake_key() is
'First key of the advisory locks that readers hold while they sleep: 0x66656564, "feed", to be recognized in pg_locks. The second is the slot, 0 to 3.';
revoke all on function feed.wake_key() from public;
