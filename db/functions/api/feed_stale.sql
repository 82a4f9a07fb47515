create or replace function api.feed_stale(cursor text) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return feed.stale(cursor);
end
$$;
comment on function api.feed_stale(text) is
'feed.stale() for a process of the API that keeps answers: all organizations'', JSON as text.';
revoke all on function api.feed_stale(text) from public;
grant execute on function api.feed_stale(text) to homeroom_api;
