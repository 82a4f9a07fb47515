create or replace function api.cache_invalidate(claims jsonb, pattern text, person uuid) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    perform auth.enter(claims, 'admin');
    return feed.invalidate_caches(pattern, person);
end
$$;
comment on function api.cache_invalidate(jsonb, text, uuid) is
'feed.invalidate_caches of the organization of the admin who asks. Raises HR422 (pattern), HR404 (person). Role admin.';
revoke all on function api.cache_invalidate(jsonb, text, uuid) from public;
grant execute on function api.cache_invalidate(jsonb, text, uuid) to homeroom_api;
