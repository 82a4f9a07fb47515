create or replace function board.finished_transactions() returns pg_snapshot
language plpgsql stable parallel safe security invoker
set search_path = ''
as $$
declare
    finished constant pg_snapshot := pg_current_snapshot();
    own constant xid8 := pg_current_xact_id_if_assigned();
begin
    -- Where others have finished since it began, a transaction counts itself among the finished.
    if own is null or own >= pg_snapshot_xmax(finished) then
        return finished;
    end if;
    return (
        select format(
            '%s:%s:%s', least(own, pg_snapshot_xmin(finished)), pg_snapshot_xmax(finished), string_agg(x.xid::text, ',' order by x.xid)
        )::pg_snapshot
        from (select pg_snapshot_xip(finished) as xid union select own) as x
    );
end
$$;
comment on function board.finished_transactions() is
'The transactions whose changes are all seen now: those of pg_current_snapshot() without the own, which may go on changing.';
revoke all on function board.finished_transactions() from public;
