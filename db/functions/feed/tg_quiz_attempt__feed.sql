create or replace function feed.tg_quiz_attempt__feed() returns trigger
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
            array['admin', 'student:' || n.student_id, 'course-staff:' || n.course_id],
            'student_progress',
            json_build_object(
                'what', 'quiz', 'student_id', n.student_id, 'quiz_attempt_id', n.id, 'quiz_id', n.quiz_id, 'course_id', n.course_id,
                'score', trim_scale(n.score),
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n
        where n.score is not null and n.completed_at is not null;
    else
        insert into feed.event (org_id, topics, kind, payload)
        select
            n.org_id,
            array['admin', 'student:' || n.student_id, 'course-staff:' || n.course_id],
            'student_progress',
            json_build_object(
                'what', 'quiz', 'student_id', n.student_id, 'quiz_attempt_id', n.id, 'quiz_id', n.quiz_id, 'course_id', n.course_id,
                'score', trim_scale(n.score),
                'timestamp', board.utc(clock_timestamp())
            )
        from new_rows as n
        join old_rows as o on o.org_id = n.org_id and o.id = n.id
        where n.score is not null and n.completed_at is not null
            and (o.score is distinct from n.score or o.completed_at is null);
    end if;

    get diagnostics told = row_count;
    if told > 0 then
        perform feed.wake();
    end if;
    return null;
end
$$;
comment on function feed.tg_quiz_attempt__feed() is 'Tells who may read a quiz attempt its result: student_progress of a quiz.';
revoke all on function feed.tg_quiz_attempt__feed() from public;

create or replace trigger tg_quiz_attempt__feed_insert
after insert on school.quiz_attempt
referencing new table as new_rows
for each statement execute function feed.tg_quiz_attempt__feed();

create or replace trigger tg_quiz_attempt__feed_update
after update on school.quiz_attempt
referencing old table as old_rows new table as new_rows
for each statement execute function feed.tg_quiz_attempt__feed();
