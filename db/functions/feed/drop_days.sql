create or replace function feed.drop_days() returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- Who waits for the log holds everybody up who comes later: rather another time.
set lock_timeout = '200ms'
as $$
declare
    -- What was written before this.
    outdated constant timestamptz := clock_timestamp() - ops.setting('feed_days') * interval '1 day';
    days constant text[] := array(
        select c.relname::text
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'feed.event'::regclass
            and c.relname ~ '^event_[0-9]{4}_[0-9]{2}_[0-9]{2}$'
            and (to_date(substr(c.relname, 7), 'YYYY_MM_DD') + 1)::timestamp at time zone 'UTC' <= outdated
        order by c.relname
    );
    day text;
    starts timestamptz;
    last xid8;
begin
    if days <> '{}' then
        lock table feed.event in access exclusive mode;
    end if;
    foreach day in array days loop
        -- By way of the whole: a partition has no policy of its own and shows nobody its rows.
        starts := to_date(substr(day, 7), 'YYYY_MM_DD')::timestamp at time zone 'UTC';
        select e.txid
        into last
        from feed.event as e
        where e.at >= starts and e.at < starts + interval '24 hours'
        order by e.txid desc
        limit 1;
        if last is not null then
            update feed.dropped as d set txid = greatest(d.txid, last), seen = pg_current_snapshot();
        end if;
        execute format('drop table feed.%I', day);
    end loop;

    with gone as (
        delete from feed.event as e
        where e.at < outdated and e.tableoid = 'feed.event_other'::regclass
        returning e.txid
    )
    select g.txid into last from gone as g order by g.txid desc limit 1;
    if last is not null then
        -- In a statement after the one that deleted: what that one saw, this one sees.
        update feed.dropped as d set txid = greatest(d.txid, last), seen = pg_current_snapshot();
    end if;
    return cardinality(days);
end
$$;
comment on function feed.drop_days() is
'Drops the days of events that are older than the setting feed_days, and keeps in feed.dropped what cursors must know to be gone on with. Answers how
many. A job; while a transaction that has written events is open, it fails for now.';
revoke all on function feed.drop_days() from public;
