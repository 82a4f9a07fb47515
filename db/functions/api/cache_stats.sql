create or replace function api.cache_stats(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'admin');
    return feed.cache_stats();
end
$$;
comment on function api.cache_stats(jsonb) is 'feed.cache_stats() for admins. It says nothing about persons, organizations or machines.';
revoke all on function api.cache_stats(jsonb) from public;
grant execute on function api.cache_stats(jsonb) to homeroom_api;
