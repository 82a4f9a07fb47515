create or replace function api.feed_post(claims jsonb, event jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'admin', 'service');
    return feed.post(event);
end
$$;
comment on function api.feed_post(jsonb, jsonb) is 'POST /api/v1/events: feed.post() of who asks. Roles admin and service.';
revoke all on function api.feed_post(jsonb, jsonb) from public;
grant execute on function api.feed_post(jsonb, jsonb) to homeroom_api;
