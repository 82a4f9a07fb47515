create or replace function board.prune_queue() returns bigint
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    pruned bigint;
    last xid8;
begin
    -- A shared mark is needed until nothing computed before it counts as fresh: a quarter of an hour after it was seen.
    -- One of a seat is processed as it is written, which may be long before its transaction ends.
    with gone as (
        delete from board.dashboard_update_queue as q
        where q.processed_at < now() - case q.subject when 'seat' then interval '1 day' else interval '1 hour' end
            or q.dead_at < now() - interval '30 days'
        returning q.txid
    )
    select count(*), max(g.txid) into pruned, last from gone as g;
    if last is not null then
        -- Who has not heard of them yet, because their transaction was long, finds that they are gone. In a statement after the one that
        -- deleted: what that one saw, this one sees.
        update feed.pruned as p set txid = greatest(p.txid, last), seen = pg_current_snapshot();
    end if;
    delete from ops.action_receipt as r where r.created_at < now() - interval '7 days';
    return pruned;
end
$$;
comment on function board.prune_queue() is
'Forgets what was processed an hour ago (a seat: a day), dead letters of a month ago, and the receipts of actions a week old, and keeps in feed.pruned
what processes must know to go on (feed.has_marks). Answers how many rows left the queue. A job, every ten minutes.';
revoke all on function board.prune_queue() from public;
