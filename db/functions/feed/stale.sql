create or replace function feed.stale(cursor text) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- As feed.read: planning takes longer than reading, and what is new is at the end.
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
-- Made as large as what might come, when nearly always nothing does.
set enable_hashagg = 'off'
as $$
declare
    -- Of which a process would rather begin anew than be told.
    most_marks constant integer := 50000;
    most_tags constant integer := 20000;
    epoch constant text := feed.current_epoch();
    known constant pg_snapshot := feed.cursor_snapshot(cursor, epoch);
    known_end constant xid8 := pg_snapshot_xmax(known);
    known_open constant xid8[] := array(select pg_snapshot_xip(known));
    own constant xid8 := pg_current_xact_id_if_assigned();
    found record;
begin
    if known is not null then
        -- Marks, events and the snapshot that saw them in one statement. Each branch is a range of an index.
        with mark as materialized (
            (
                select q.org_id, q.subject, q.subject_id, q.course_id, q.cohort_id, q.txid
                from board.dashboard_update_queue as q
                where q.txid = any (known_open) and q.txid is distinct from own
                limit most_marks + 1
            )
            union all
            (
                select q.org_id, q.subject, q.subject_id, q.course_id, q.cohort_id, q.txid
                from board.dashboard_update_queue as q
                where q.txid >= known_end and q.txid is distinct from own
                limit most_marks + 1
            )
        ),
        event as materialized (
            (
                select e.org_id, e.kind, e.topics, e.payload, e.txid
                from feed.event as e
                where e.kind in ('rights', 'stale', 'order') and e.txid = any (known_open) and e.txid is distinct from own
                limit most_marks + 1
            )
            union all
            (
                select e.org_id, e.kind, e.topics, e.payload, e.txid
                from feed.event as e
                where e.kind in ('rights', 'stale', 'order') and e.txid >= known_end and e.txid is distinct from own
                limit most_marks + 1
            )
        ),
        named as (
            select m.org_id, t.tag
            from (select distinct k.org_id, k.subject, k.subject_id, k.course_id, k.cohort_id from mark as k) as m
            cross join lateral unnest(board.mark_tags(m.org_id, m.subject, m.subject_id, m.course_id, m.cohort_id)) as t (tag)
            union
            select e.org_id, t.tag
            from event as e
            cross join lateral unnest(e.topics) as t (tag)
            where e.kind = 'stale'
        ),
        told as (
            select n.org_id, count(*) > most_tags as is_much, json_agg(n.tag) as tags
            from named as n
            group by n.org_id
        )
        select
            (select board.snapshot()) as seen,
            (select count(*) from mark) as marks,
            (select count(*) from event) as events,
            greatest((select max(m.txid) from mark as m), (select max(e.txid) from event as e)) as last,
            (select json_agg(json_build_array(t.org_id, t.tags)) from told as t where not t.is_much) as tags,
            (select json_agg(t.org_id) from told as t where t.is_much) as much,
            (
                select json_agg(json_build_array(p.org_id, p.person))
                from (
                    select distinct e.org_id, substr(t.topic, 8) as person
                    from event as e
                    cross join lateral unnest(e.topics) as t (topic)
                    where e.kind = 'rights' and t.topic like 'person:%'
                ) as p
            ) as people,
            (
                select json_agg(jsonb_build_object('org', e.org_id) || e.payload::jsonb order by e.txid)
                from event as e
                where e.kind = 'order'
            ) as orders
        into found;

        -- Asked after reading: the pruning of either may come in between.
        if found.marks <= most_marks and found.events <= most_marks and feed.is_complete(known) and feed.has_marks(known) then
            return json_build_object(
                'cursor', feed.cursor_text(epoch, found.seen, greatest(known_end, feed.after(found.last))),
                'flush', false,
                'flush_orgs', coalesce(found.much, '[]'),
                'tags', coalesce(found.tags, '[]'),
                'people', coalesce(found.people, '[]'),
                'orders', coalesce(found.orders, '[]')
            )::text;
        end if;
    end if;

    return (
        select json_build_object(
            'cursor', feed.cursor_text(epoch, s.seen, feed.after(greatest(feed.last_txid(s.seen), feed.last_mark(s.seen)))),
            'flush', true, 'flush_orgs', '[]'::json, 'tags', '[]'::json, 'people', '[]'::json, 'orders', '[]'::json
        )::text
        from (select board.snapshot() as seen) as s
    );
end
$$;
comment on function feed.stale(text) is
'What was committed since the cursor that puts answers out of date which a process keeps, of all organizations, and the cursor to go on with: {"cursor",
"flush", "flush_orgs": [org], "tags": [[org, [tag]]], "people": [[org, person]], "orders": [{"org", "order", …}]} as text. tags: whose answers are not to
be given any more (board.mark_tags, board.document_tags); people: whose rights may have changed; orders: feed.order_caches. flush_orgs: of whom so much has
changed that none of theirs is to be given. flush, with all else empty: nothing at all is to be given, for the cursor is null, no cursor of this epoch, or too old,
or more has changed than is told; the next one is good again. An answer that was asked for before this is not to be kept if it bears one of the tags. What the
asking transaction itself wrote comes later.';
revoke all on function feed.stale(text) from public;
