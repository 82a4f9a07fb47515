create or replace function board.prune_queue() returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    pruned bigint;
begin
    -- A shared mark is needed until nothing computed before it counts as fresh: a quarter of an hour after it was seen.
    -- One of a seat is processed as it is written, which may be long before its transaction ends.
    delete from board.dashboard_update_queue as q
    where q.processed_at < now() - case q.subject when 'seat' then interval '1 day' else interval '1 hour' end
        or q.dead_at < now() - interval '30 days';
    get diagnostics pruned = row_count;
    delete from ops.action_receipt as r where r.created_at < now() - interval '7 days';
    return pruned;
end
$$;
comment on function board.prune_queue() is
'Forgets what was processed an hour ago (a seat: a day), dead letters of a month ago, and the receipts of actions a week old. Answers how many rows
left the queue. A job, every ten minutes.';
revoke all on function board.prune_queue() from public;
