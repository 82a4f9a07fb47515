create or replace function api.feed_sleep(slot integer) returns boolean
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    if slot is null or slot not between 0 and 3 then
        raise 'slots go from 0 to 3' using errcode = 'HR422', detail = 'slot';
    end if;
    return pg_try_advisory_lock(feed.wake_key(), slot);
end
$$;
comment on function api.feed_sleep(integer) is
'A reader of the feed wants to sleep until it is notified (LISTEN feed). True: it may, after it has read once more, which finds what was
committed before this. False: a transaction that has written events is under way, or the slot is another reader''s; read on.';
revoke all on function api.feed_sleep(integer) from public;
grant execute on function api.feed_sleep(integer) to homeroom_api;
