create or replace function feed.longest_text() returns integer
language sql immutable parallel safe security invoker
return 4000;
comment on function feed.longest_text() is 'How many characters of a text somebody wrote an event tells: who wants all of it reads the row.';
revoke all on function feed.longest_text() from public;
