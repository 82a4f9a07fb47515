create or replace function api.rate_lease(asks jsonb) returns json
language plpgsql volatile parallel unsafe security definer
set search_path = '' set lock_timeout = '250ms'
as $$
begin
    return ops.rate_lease(asks, clock_timestamp());
end
$$;
comment on function api.rate_lease(jsonb) is
'ops.rate_lease() by the clock, for processes of the API. No claims: who asks is in the asks, and the API counts before it believes anybody.
Whoever holds a lock on the counters keeps nobody waiting: requests pass uncounted rather.';
revoke all on function api.rate_lease(jsonb) from public;
grant execute on function api.rate_lease(jsonb) to homeroom_api;
