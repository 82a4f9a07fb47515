create or replace function feed.tg_assignment__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    told bigint;
begin
    if current_setting('homeroom.feed_bulk', true) = 'on' and feed.is_bulk() then
        return null;
    end if;

    -- Nobody but teachers reads drafts, and they are no news.
    insert into feed.event (org_id, topics, kind, payload)
    select
        n.org_id,
        array['admin', 'course:' || n.course_id],
        'assignment',
        json_build_object(
            'assignment_id', n.id, 'course_id', n.course_id, 'title', left(n.title, feed.longest_text()), 'description', left(n.description, feed.longest_text()),
            'due_date', board.utc(n.due_at), 'timestamp', board.utc(clock_timestamp())
        )
    from new_rows as n
    where n.status = 'published';

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_assignment__feed() is 'Tells the course of assignments that are made and published at once.';
revoke all on function feed.tg_assignment__feed() from public;

create or replace trigger tg_assignment__feed_insert
after insert on school.assignment
referencing new table as new_rows
for each statement execute function feed.tg_assignment__feed();
