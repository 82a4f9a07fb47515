create or replace function feed.tg_assignment__feed_change() returns trigger
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
        array['admin', 'course:' || n.course_id],
        case n.status when 'published' then 'assignment' else 'assignment_closed' end,
        case n.status
            when 'published' then json_build_object(
                'assignment_id', n.id, 'course_id', n.course_id, 'title', left(n.title, feed.longest_text()), 'description', left(n.description, feed.longest_text()),
                'due_date', board.utc(n.due_at), 'timestamp', board.utc(clock_timestamp())
            )
            else json_build_object(
                'assignment_id', n.id, 'course_id', n.course_id, 'timestamp', board.utc(clock_timestamp())
            )
        end
    from new_rows as n
    join old_rows as o on o.org_id = n.org_id and o.id = n.id
    where (n.status = 'closed' and o.status <> 'closed')
        or (
            n.status = 'published'
            and (o.status, o.course_id, o.title, o.description, o.due_at)
                is distinct from (n.status, n.course_id, n.title, n.description, n.due_at)
        );

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_assignment__feed_change() is
'Tells the course of assignments that are published, changed while they are, or closed.';
revoke all on function feed.tg_assignment__feed_change() from public;

create or replace trigger tg_assignment__feed_change_update
after update on school.assignment
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_assignment__feed_change();
