-- No `set`, which costs as much as the rest: called by functions whose path is empty.
create or replace function feed.wake() returns void
language plpgsql volatile parallel unsafe security invoker
as $$
begin
    if current_setting('homeroom.feed_wake', true) = 'poll' then
        return;
    end if;
    -- Again in the same transaction it asks its own locks, in memory; the same notification twice is one.
    if not (
        pg_try_advisory_xact_lock_shared(feed.wake_key(), 0) and pg_try_advisory_xact_lock_shared(feed.wake_key(), 1)
        and pg_try_advisory_xact_lock_shared(feed.wake_key(), 2) and pg_try_advisory_xact_lock_shared(feed.wake_key(), 3)
    ) then
        perform pg_notify('feed', '');
    end if;
end
$$;
comment on function feed.wake() is
'Called by who has written events: wakes the readers, if one sleeps. A reader that sleeps holds its slot''s lock exclusively: then this transaction
notifies as it commits, which wakes all of them. Where all slots could be had shared, which keeps them until this transaction ends, no reader
can fall asleep before that: it reads on, and finds what was committed. Only who notifies pays for it: notifying ends group commit.
The setting homeroom.feed_wake = ''poll'' (alter database … set) does without both: readers then find events by polling.';
revoke all on function feed.wake() from public;
