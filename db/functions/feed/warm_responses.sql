create or replace function feed.warm_responses(org bigint) returns boolean
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if not exists (select from feed.active_people(array[org], 1)) then
        return false;
    end if;
    perform feed.order_caches(org, json_build_object('order', 'warm'));
    return true;
end
$$;
comment on function feed.warm_responses(bigint) is
'Orders every process of the API to compute answers of an organization, if anybody there is about (feed.active_people). Answers whether. A job, every five
minutes.';
revoke all on function feed.warm_responses(bigint) from public;
