create or replace function api.feed_cursor() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return feed.cursor();
end
$$;
comment on function api.feed_cursor() is 'feed.cursor(): where the feed is now. No claims needed: it says nothing about persons or organizations.';
revoke all on function api.feed_cursor() from public;
grant execute on function api.feed_cursor() to homeroom_api;
