create or replace function board.drain_students(org bigint, batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- Plans for any batch, from the first on: after five of them the session would settle for these anyway.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    marks bigint := bigint '2' * batch_size;
    waiting uuid[];
    connected uuid[];
    is_all boolean;
    locked uuid[];
    students uuid[];
    student uuid;
    finished bigint[];
    done integer := 0;
begin
    if batch_size < 1 then
        raise 'a batch has at least one student' using errcode = 'HR422', detail = 'batch_size';
    end if;
    perform board.spread_shared_marks(org);
    connected := array(
        select q.subject_id
        from feed.presence as p
        join board.dashboard_update_queue as q on q.org_id = org and q.subject = 'student' and q.subject_id = p.person_id
        where p.org_id = org and p.role = 'student' and p.until > now()
            and q.processed_at is null and q.dead_at is null and (q.not_before is null or q.not_before <= now())
        group by q.subject_id
        order by min(q.priority), min(q.queued_at)
    );

    loop
        -- The most urgent first, then the oldest; those whom another worker has are left to it. Not all who wait are looked at, but
        -- for where nobody among the first is free. Which are students' is asked of those: of all, it would bring in an index that
        -- has no order.
        select coalesce(array_agg(w.subject_id order by w.place) filter (where w.subject = 'student'), '{}'), count(*) < marks
        into waiting, is_all
        from (
            select q.subject, q.subject_id, row_number() over (order by q.priority, q.queued_at) as place
            from board.dashboard_update_queue as q
            where q.org_id = org and q.processed_at is null and q.dead_at is null and (q.not_before is null or q.not_before <= now())
            order by q.priority, q.queued_at
            limit marks
        ) as w;
        locked := array(
            select c.student_id
            from (
                -- Every other place is for those who are connected, so that the others have theirs, too.
                select m.student_id, min(m.place) as place
                from (
                    select o.student_id, 2 * o.place as place from unnest(waiting) with ordinality as o (student_id, place)
                    union all
                    select o.student_id, 2 * o.place - 1 from unnest(connected) with ordinality as o (student_id, place)
                ) as m
                group by m.student_id
            ) as w
            join board.student_dashboard_cache as c on c.org_id = org and c.student_id = w.student_id
            order by w.place
            limit batch_size
            for update of c skip locked
        );
        -- Another worker may have finished some between that look at the queue and the lock.
        students := array(
            select distinct q.subject_id
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject = 'student' and q.subject_id = any (locked) and q.processed_at is null
        );
        exit when students <> '{}' or (locked = '{}' and is_all);
        if not is_all then
            marks := marks * 10;
        end if;
    end loop;
    if students = '{}' then
        -- Of people who are no students, or gone.
        finished := array(
            select q.id
            from board.dashboard_update_queue as q
            where q.org_id = org and q.subject = 'student' and q.processed_at is null
                and not exists (select from board.student_dashboard_cache as c where c.org_id = org and c.student_id = q.subject_id)
        );
        perform board.pass_marks_on(org, finished);
        update board.dashboard_update_queue as q set processed_at = clock_timestamp()
        where q.org_id = org and q.id = any (finished) and q.processed_at is null;
        return done;
    end if;

    begin
        done := board.refresh_students(org, students);
    exception when others then
        -- One of them cannot be computed: find out which, and let the others have theirs.
        foreach student in array students loop
            begin
                done := done + board.refresh_students(org, array[student]);
            exception when others then
                -- Others can be, to whom it matters as well.
                perform board.pass_marks_on(org, array(
                    select q.id
                    from board.dashboard_update_queue as q
                    where q.org_id = org and q.subject = 'student' and q.subject_id = student and q.processed_at is null
                        and q.attempts = 0
                ));
                perform board.put_off(
                    org,
                    array(
                        select q.id
                        from board.dashboard_update_queue as q
                        where q.org_id = org and q.subject = 'student' and q.subject_id = student and q.processed_at is null
                    ),
                    format('%s: %s', sqlstate, sqlerrm)
                );
            end;
        end loop;
    end;
    return cardinality(students);
end
$$;
comment on function board.drain_students(bigint, integer) is
'Refreshes the students of an organization who have waited in the queue, at most batch_size, set-wise, in the caller''s transaction; half of
them, if there are so many, of those who are connected (feed.presence). Any number of workers at once: each takes others. One who cannot
be computed is tried again after 1, 2, 4, 8 seconds and given up after the fifth time (dead_at, last_error), and holds nobody up.
Answers how many were tried; 0: nobody waits whom another worker does not
have.';
revoke all on function board.drain_students(bigint, integer) from public;
