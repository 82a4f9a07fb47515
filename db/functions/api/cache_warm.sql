create or replace function api.cache_warm(claims jsonb) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'admin');
    return feed.warm_caches();
end
$$;
comment on function api.cache_warm(jsonb) is 'feed.warm_caches of the organization of the admin who asks. Role admin.';
revoke all on function api.cache_warm(jsonb) from public;
grant execute on function api.cache_warm(jsonb) to homeroom_api;
