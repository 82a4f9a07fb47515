create or replace function api.rate_return(unused jsonb) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = '' set lock_timeout = '250ms'
as $$
begin
    return ops.rate_return(unused);
end
$$;
comment on function api.rate_return(jsonb) is 'ops.rate_return() for processes of the API.';
revoke all on function api.rate_return(jsonb) from public;
grant execute on function api.rate_return(jsonb) to homeroom_api;
