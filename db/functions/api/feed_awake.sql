create or replace function api.feed_awake(slot integer) returns boolean
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if slot is null or slot not between 0 and 3 then
        raise 'slots go from 0 to 3' using errcode = 'HR422', detail = 'slot';
    end if;
    return pg_advisory_unlock(feed.wake_key(), slot);
end
$$;
comment on function api.feed_awake(integer) is
'A reader of the feed is awake: writers need not notify. Answers whether it slept; once per api.feed_sleep that answered true.';
revoke all on function api.feed_awake(integer) from public;
grant execute on function api.feed_awake(integer) to homeroom_api;
