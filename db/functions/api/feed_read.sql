create or replace function api.feed_read(cursor text, most integer) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return feed.read(cursor, most);
end
$$;
comment on function api.feed_read(text, integer) is
'feed.read() for a process of the API, which hands each event to those whose topics it has: all organizations'', JSON as text.';
revoke all on function api.feed_read(text, integer) from public;
grant execute on function api.feed_read(text, integer) to homeroom_api;
