create or replace function feed.current_epoch() returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    here constant oid := (select d.oid from pg_catalog.pg_database as d where d.datname = current_database());
    current uuid;
begin
    select e.id into current
    from feed.epoch as e
    where e.made_in = e.xmin and e.relation = e.tableoid and e.database = here;

    if current is null then
        perform from feed.epoch as e for update;
        -- Somebody may have been faster.
        select e.id into current
        from feed.epoch as e
        where e.made_in = e.xmin and e.relation = e.tableoid and e.database = here;

        if current is null then
            update feed.epoch set id = gen_random_uuid() returning id into current;
            -- The same (sub)transaction writes the row once more: xmin stays what it is now.
            update feed.epoch as e set made_in = e.xmin, relation = e.tableoid, database = here;
            -- Its events count transactions of another place. Nobody has a cursor of this epoch yet, so that nobody misses them.
            delete from feed.event;
            update feed.dropped set txid = '0', seen = '1:1:';
            update feed.pruned set txid = '0', seen = '1:1:';
            -- Marks of transactions that are still to come here would count as of those.
            update board.dashboard_update_queue set txid = pg_current_xact_id() where txid > pg_current_xact_id();
            -- Documents, too, say by transactions what they saw.
            update board.student_dashboard_cache set fresh_until = now() where document is not null;
            update board.dashboard_cache set fresh_until = now() where document is not null;
            update board.director_cohort_dashboard set fresh_until = now() where document is not null;
        end if;
    end if;
    return left(encode(sha256(convert_to(current::text || left(pg_walfile_name(pg_current_wal_lsn()), 8), 'UTF8')), 'hex'), 12);
end
$$;
comment on function feed.current_epoch() is
'The epoch that cursors begin with: another one after a dump was restored, a database was copied, or a standby was promoted, which begins
a new timeline. In the first two cases whoever asks first begins it; what was in the log goes, and all dashboards are computed anew. On the primary alone.';
revoke all on function feed.current_epoch() from public;
