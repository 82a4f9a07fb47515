create or replace function feed.warm_caches() returns json
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    what constant json := json_build_object('order', 'warm');
begin
    perform feed.order_caches(auth.org_id(), what);
    return what;
end
$$;
comment on function feed.warm_caches() is
'Has every process of the API compute the answers of those in the caller''s organization who are about (feed.active_people). Answers the order. Role admin.';
revoke all on function feed.warm_caches() from public;
grant execute on function feed.warm_caches() to homeroom_admin;
