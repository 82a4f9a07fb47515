create or replace function feed.read(cursor text, most integer) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- Planning takes longer than reading. A plan for any cursor must not hope to meet enough events soon: they are at the end.
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
as $$
declare
    anew constant text := '{"cursor" : null, "reset" : true, "events" : []}';
    -- Of one transaction, which is never divided.
    most_at_once constant integer := 50000;
    most_bytes_at_once constant bigint := bigint '67108864';
    most_events constant integer := least(greatest(most, 1), most_at_once);
    most_bytes constant bigint := bigint '16777216';
    epoch constant text := feed.current_epoch();
    known constant pg_snapshot := feed.cursor_snapshot(cursor, epoch);
    known_end constant xid8 := pg_snapshot_xmax(known);
    known_open constant xid8[] := array(select pg_snapshot_xip(known));
    own constant xid8 := pg_current_xact_id_if_assigned();
    -- Where nothing is found, that of a statement before the one that looked will do: whoever has ended in between is asked for again.
    seen pg_snapshot := board.snapshot();
    one record;
    portion feed.event[] := array[]::feed.event[];
    number integer := 0;
    bytes bigint := bigint '0';
    last xid8;
    -- How many there were before the transaction that is being read.
    whole integer := 0;
    more boolean := false;
    after_all xid8;
    held xid8[] := array[]::xid8[];
begin
    if known is null then
        return anew;
    end if;

    -- Events and the snapshot that saw them, in one statement, which is read no further than wanted. Each branch is a range of the index, in
    -- its order, and the transactions of the first come before those of the second.
    for one in
        (
            select
                e as event,
                (select board.snapshot()) as seen,
                octet_length(e.payload::text) + 50 * cardinality(e.topics) as size
            from feed.event as e
            where e.txid = any (known_open) and e.txid is distinct from own and e.kind not in ('stale', 'order')
            order by e.txid
        )
        union all
        (
            select
                e as event,
                (select board.snapshot()) as seen,
                octet_length(e.payload::text) + 50 * cardinality(e.topics) as size
            from feed.event as e
            where e.txid >= known_end and e.txid is distinct from own and e.kind not in ('stale', 'order')
            order by e.txid
            limit most_at_once + 2
        )
    loop
        seen := one.seen;
        if last is distinct from (one.event).txid then
            whole := number;
            more := number >= most_events or bytes >= most_bytes;
            exit when more;
            last := (one.event).txid;
        end if;
        number := number + 1;
        bytes := bytes + one.size;
        if whole > 0 then
            -- A transaction that does not fit in comes with the next portion.
            more := number > most_events or bytes > most_bytes;
            exit when more;
        elsif number > most_at_once or bytes > most_bytes_at_once then
            return anew;
        end if;
        portion[number] := one.event;
    end loop;

    if more then
        portion := portion[1:whole];
        number := whole;
        last := (portion[number]).txid;
        held := array(select o.txid from unnest(known_open) as o (txid) where o.txid > last);
        -- Rights that have changed later, too: an event of this portion may have been committed after them. They come again.
        bytes := 0;
        for one in
            select e as event, 50 * cardinality(e.topics) as size
            from feed.event as e
            where e.kind = 'rights' and e.txid > last and e.txid is distinct from own
                and (e.txid >= known_end or e.txid = any (known_open))
        loop
            number := number + 1;
            bytes := bytes + one.size;
            if number > 2 * most_at_once or bytes > most_bytes_at_once then
                return anew;
            end if;
            portion[number] := one.event;
        end loop;
    end if;
    if not feed.is_complete(known) then
        return anew;
    end if;

    after_all := greatest(known_end, feed.after(last));
    if number = 0 then
        return json_build_object('cursor', feed.cursor_text(epoch, seen, after_all), 'reset', false, 'events', '[]'::json)::text;
    end if;
    return (
        select
            case
                when more and t.rights then json_build_object(
                    'cursor', c.text, 'reset', false, 'more', true, 'end', pg_current_xact_id()::text, 'events', t.events
                )
                when more then json_build_object('cursor', c.text, 'reset', false, 'more', true, 'events', t.events)
                -- A number of its own: a snapshot's end may be below that of who is under way.
                when t.rights then json_build_object(
                    'cursor', c.text, 'reset', false, 'end', pg_current_xact_id()::text, 'events', t.events
                )
                else json_build_object('cursor', c.text, 'reset', false, 'events', t.events)
            end::text
        from (select feed.cursor_text(epoch, seen, after_all, held) as text) as c
        cross join (
            select
                json_agg(
                    json_build_object(
                        'org', f.org_id, 'id', f.id, 'txid', f.txid::text,
                        'topics', case f.kind when 'assignment' then feed.audience(f) else f.topics end,
                        'kind', f.kind, 'data', feed.told(f)
                    )
                    order by f.id
                ) as events,
                bool_or(f.kind = 'rights') as rights
            from unnest(portion) as f
        ) as t
    );
end
$$;
comment on function feed.read(text, integer) is
'What was committed since the cursor, of all organizations, and the cursor to go on with: {"cursor", "reset": false, "events": [{"org", "id", "txid",
"topics", "kind", "data"}]} as text, in the order in which it was written. Of more than `most` events or 16 MB a portion, by the transactions'' numbers
and each of them whole, with "more": true; "rights" of the other portions come with each, and again. With a cursor that cannot be honoured, or a
transaction of more than 50,000 events or 64 MB: {"cursor": null, "reset": true, "events": []}; then feed.cursor() says where to start anew. What the
asking transaction itself wrote comes later, what is for the answers that processes keep (feed.stale) never. With "rights" comes "end", the number of a transaction: whoever has not seen them has a lower one.';
revoke all on function feed.read(text, integer) from public;
