create or replace function feed.replay_limit() returns integer
language sql immutable parallel safe security invoker
return 10000;
comment on function feed.replay_limit() is 'How many events are replayed at most: who has missed more starts anew.';
revoke all on function feed.replay_limit() from public;
