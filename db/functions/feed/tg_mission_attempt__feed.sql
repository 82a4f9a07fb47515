create or replace function feed.tg_mission_attempt__feed() returns trigger
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    told bigint;
begin
    if current_setting('homeroom.feed_bulk', true) = 'on' and feed.is_bulk() then
        return null;
    end if;

    if tg_op = 'INSERT' then
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'student:' || n.student_id, 'mentee:' || n.student_id],
            'student_progress',
            json_build_object(
                'what', 'mission', 'student_id', n.student_id, 'mission_attempt_id', n.id, 'mission_id', n.mission_id,
                'state', n.state,
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n;
    else
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'student:' || n.student_id, 'mentee:' || n.student_id],
            'student_progress',
            json_build_object(
                'what', 'mission', 'student_id', n.student_id, 'mission_attempt_id', n.id, 'mission_id', n.mission_id,
                'state', n.state,
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n
        join old_rows as o on o.org_id = n.org_id and o.id = n.id
        where n.state <> o.state;
    end if;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_mission_attempt__feed() is 'Tells who may read a mission attempt which state it has reached: student_progress of a mission.';
revoke all on function feed.tg_mission_attempt__feed() from public;

create or replace trigger tg_mission_attempt__feed_insert
after insert on school.mission_attempt
referencing new table as new_rows
for each statement execute function feed.tg_mission_attempt__feed();

create or replace trigger tg_mission_attempt__feed_update
after update on school.mission_attempt
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_mission_attempt__feed();
