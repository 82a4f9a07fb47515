create or replace function board.drain_queue(batch_size integer default 500) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    org bigint;
    done integer := 0;
begin
    -- One organization a transaction: that whose marks have waited longest for their urgency, and which nobody else is at.
    for org in
        select q.org_id
        from board.dashboard_update_queue as q
        where q.processed_at is null and q.dead_at is null and (q.not_before is null or q.not_before <= now())
        group by q.org_id
        -- The more urgent comes first, but none waits for ever.
        order by min(q.queued_at - case q.priority
            when 'urgent' then interval '60 seconds'
            when 'high' then interval '30 seconds'
            when 'normal' then interval '10 seconds'
            else interval '0'
        end)
    loop
        begin
            -- Students first: what they did is passed on to those who look after them. These have their turn each time.
            done := board.drain_students(org, batch_size);
            done := done + board.drain_dashboards(org, batch_size);
            done := done + board.drain_cohorts(org, batch_size);
        exception when others then
            -- Whatever is wrong with one organization is not to stop the others.
            raise warning 'dashboards of organization % are not refreshed', org using detail = format('%s: %s', sqlstate, sqlerrm);
        end;
        exit when done > 0;
    end loop;
    return done;
end
$$;
comment on function board.drain_queue(integer) is
'One step of a worker: refreshes a batch of those who wait in the queue (board.drain_students, board.drain_dashboards,
board.drain_cohorts), of one organization. Answers how many; 0
when there is nothing to do.';
revoke all on function board.drain_queue(integer) from public;
