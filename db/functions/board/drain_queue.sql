create or replace function board.drain_queue(batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org bigint;
    done integer := 0;
begin
    -- One organization a transaction: that with the most urgent, then the oldest mark which nobody else is at.
    for org in
        select q.org_id
        from board.dashboard_update_queue as q
        where q.processed_at is null and q.dead_at is null and (q.not_before is null or q.not_before <= now())
        group by q.org_id
        order by min(q.priority), min(q.queued_at)
    loop
        done := board.drain_students(org, batch_size);
        exit when done > 0;
    end loop;
    return done;
end
$$;
comment on function board.drain_queue(integer) is
'One step of a worker: refreshes a batch of those who wait in the queue (board.drain_students), of one organization. Answers how many; 0
when there is nothing to do.';
revoke all on function board.drain_queue(integer) from public;
