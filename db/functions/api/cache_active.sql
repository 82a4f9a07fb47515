create or replace function api.cache_active(orgs bigint[], most integer) returns json
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
begin
    return (
        select coalesce(json_agg(json_build_object('org', a.org_id, 'sub', a.person_id, 'role', a.role)), '[]')
        from feed.active_people(orgs, least(greatest(most, 0), 100000)) as a
    );
end
$$;
comment on function api.cache_active(bigint[], integer) is
'Whose answers a process of the API computes ahead: feed.active_people as [{"org", "sub", "role"}], the claims of each. No claims needed: the process
itself asks.';
revoke all on function api.cache_active(bigint[], integer) from public;
grant execute on function api.cache_active(bigint[], integer) to homeroom_api;
