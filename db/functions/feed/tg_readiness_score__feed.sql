create or replace function feed.tg_readiness_score__feed() returns trigger
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
            array['admin', 'mentee:' || n.student_id],
            'student_progress',
            json_build_object(
                'what', 'readiness', 'student_id', n.student_id, 'readiness_score_id', n.id, 'score', trim_scale(n.score),
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n;
    else
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'mentee:' || n.student_id],
            'student_progress',
            json_build_object(
                'what', 'readiness', 'student_id', n.student_id, 'readiness_score_id', n.id, 'score', trim_scale(n.score),
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n
        join old_rows as o on o.org_id = n.org_id and o.id = n.id
        where n.score <> o.score;
    end if;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_readiness_score__feed() is 'Tells who may read a readiness score of a new one: student_progress in readiness. Students and parents read it through masks alone,
and so do not hear it.';
revoke all on function feed.tg_readiness_score__feed() from public;

create or replace trigger tg_readiness_score__feed_insert
after insert on school.readiness_score
referencing new table as new_rows
for each statement execute function feed.tg_readiness_score__feed();

create or replace trigger tg_readiness_score__feed_update
after update on school.readiness_score
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_readiness_score__feed();
