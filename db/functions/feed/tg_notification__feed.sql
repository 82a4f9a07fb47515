create or replace function feed.tg_notification__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    told bigint;
begin
    if current_setting('homeroom.feed_bulk', true) = 'on' and feed.is_bulk() then
        return null;
    end if;

    insert into feed.event (org_id, topics, kind, payload)
    select
        n.org_id,
        array['admin', 'inbox:' || n.person_id],
        'notification',
        json_build_object(
            'notification_id', n.id, 'person_id', n.person_id, 'title', left(n.title, feed.longest_text()),
            'body', left(n.body, feed.longest_text()), 'is_urgent', n.is_urgent,
            'timestamp', board.utc(clock_timestamp())
        )
    from new_rows as n;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_notification__feed() is 'Tells a person of a new notification.';
revoke all on function feed.tg_notification__feed() from public;

create or replace trigger tg_notification__feed_insert
after insert on school.notification
referencing new table as new_rows
for each statement execute function feed.tg_notification__feed();
