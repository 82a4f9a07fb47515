create or replace function feed.read(cursor text, most integer) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- Planning takes longer than reading. A plan for any cursor must not hope to meet enough events soon: they are at the end.
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
as $$
declare
    epoch constant text := feed.current_epoch();
    known constant pg_snapshot := feed.cursor_snapshot(cursor, epoch);
    known_end constant xid8 := pg_snapshot_xmax(known);
    known_open constant xid8[] := array(select pg_snapshot_xip(known));
    own constant xid8 := pg_current_xact_id_if_assigned();
    read record;
begin
    if known is not null then
        -- Events and the snapshot that saw them, in one statement. Each branch is a range of the index.
        with fresh as materialized (
            (select e.* from feed.event as e where e.txid >= known_end and e.txid is distinct from own limit most + 1)
            union all
            (select e.* from feed.event as e where e.txid = any (known_open) and e.txid is distinct from own limit most + 1)
        ),
        told as (
            select
                count(*) as number,
                (array_agg(f.txid order by f.txid desc))[1] as last,
                coalesce(
                    json_agg(
                        json_build_object(
                            'org', f.org_id, 'id', f.id, 'txid', f.txid::text, 'topics', f.topics, 'kind', f.kind, 'data', feed.told(f)
                        )
                        order by f.id
                    ),
                    '[]'
                ) as events
            from fresh as f
        )
        select t.number, t.events, feed.cursor_text(epoch, board.snapshot(), greatest(known_end, feed.after(t.last))) as cursor
        into read
        from told as t;

        if read.number <= most and feed.is_complete(known) then
            return json_build_object('cursor', read.cursor, 'reset', false, 'events', read.events)::text;
        end if;
    end if;
    return json_build_object('cursor', null, 'reset', true, 'events', '[]'::json)::text;
end
$$;
comment on function feed.read(text, integer) is
'What was committed since the cursor, of all organizations, and the cursor to go on with: {"cursor", "reset": false, "events": [{"org", "id", "txid",
"topics", "kind", "data"}]} as text, in the order in which it was written. With a cursor that cannot be honoured, or more than `most` events:
{"cursor": null, "reset": true, "events": []}; then feed.cursor() says where to start anew. What the asking transaction itself wrote comes later.';
revoke all on function feed.read(text, integer) from public;
