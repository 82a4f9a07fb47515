create or replace function feed.replay(cursor text, kinds text[]) returns json
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
    org constant bigint := auth.org_id();
    is_student constant boolean := auth.claims() ->> 'role' = 'student';
    most constant integer := feed.replay_limit();
    most_bytes constant bigint := bigint '8388608';
    -- Others' events are passed over; how many, has an end too.
    most_looked_at constant integer := 20 * most;
    read record;
    is_reset boolean;
begin
    -- Topics, events and the snapshot in one statement: a right that ends later is told by an event that this cursor has not seen.
    with heard as materialized (
        select feed.topics() as topics, board.snapshot() as seen
    ),
    fresh as materialized (
        (select e.* from feed.event as e where e.txid >= known_end and e.txid is distinct from own limit most_looked_at + 1)
        union all
        (select e.* from feed.event as e where e.txid = any (known_open) and e.txid is distinct from own limit most_looked_at + 1)
    ),
    mine as materialized (
        select row(f.*)::feed.event as event, f.id
        from fresh as f
        where f.org_id = org and f.kind not in ('rights', 'stale', 'order') and f.topics && (select h.topics from heard as h)
            and case when kinds is null then f.kind <> 'update' else '*' = any (kinds) or f.kind = any (kinds) end
            and (f.kind <> 'assignment' or feed.audience(f) && (select h.topics from heard as h))
        limit most + 1
    ),
    -- Whether the dashboard has to be read anew: an update was too long for an event, or may tell of somebody whom the caller does not
    -- see any more.
    outdated as (
        select
            coalesce(
                bool_or(case (m.event).kind when 'update' then not (m.event).payload::jsonb ?| '{patch,document}' end), false
            )
            -- Its writer was under way at the cursor, and may have computed before a change of rights that the cursor has seen.
            or coalesce(bool_or((m.event).kind = 'update' and (m.event).txid = any (known_open)), false)
            or coalesce(bool_or((m.event).kind = 'update'), false) and exists (
                select
                from fresh as f
                where f.org_id = org and f.kind = 'rights' and f.topics && (select h.topics from heard as h)
            ) as afresh
        from mine as m
    ),
    sized as (
        select m.event, m.id, sum(octet_length((m.event).payload::text)) over (order by m.id) as bytes
        from mine as m
    ),
    told as (
        select
            count(*) as number,
            coalesce(max(s.bytes), 0) as bytes,
            coalesce(
                json_agg(
                    json_build_object(
                        'org', (s.event).org_id, 'id', s.id, 'txid', (s.event).txid::text, 'kind', (s.event).kind,
                        'data', case
                            -- As the student may see it now.
                            when (s.event).kind = 'update' and is_student then board.masked_version(
                                (s.event).payload::jsonb,
                                (select u.tier from board.student_subscription(org, array[auth.person_id()]) as u)
                            )::json
                            else feed.told(s.event)
                        end
                    )
                    order by s.id
                ) filter (where s.bytes <= most_bytes and not ((s.event).kind = 'update' and (select o.afresh from outdated as o))),
                '[]'
            ) as events
        from sized as s
    )
    select
        h.topics, t.number, t.bytes, t.events,
        (select o.afresh from outdated as o) as afresh,
        feed.cursor_text(epoch, h.seen, feed.after(feed.last_txid(h.seen))) as cursor,
        (select count(*) from fresh) as looked_at
    into read
    from heard as h
    cross join told as t;

    is_reset := cursor is not null
        and (known is null or read.number > most or read.bytes > most_bytes or read.looked_at > most_looked_at or not feed.is_complete(known));
    return json_build_object(
        'reset', is_reset, 'afresh', read.afresh, 'cursor', read.cursor, 'topics', read.topics,
        'events', case when is_reset then '[]' else read.events end
    );
end
$$;
comment on function feed.replay(text, text[]) is
'What the caller has missed since the cursor: {"reset", "afresh", "cursor": "<as of now>", "topics": [...], "events": [{"org", "id", "txid", "kind",
"data"}]}, in the order in which it was written. cursor null: no events, for who starts now. kinds: those wanted, * for all; null: all but update, what
is new on the caller''s dashboard. A cursor that cannot be honoured, or more than feed.replay_limit() events or 8 MB: reset is true, and there are none.
afresh: the dashboard is to be read instead of its updates, which are left out: one was too long for an event, or
the caller''s rights have changed, or may have while it was computed.';
revoke all on function feed.replay(text, text[]) from public;
grant execute on function feed.replay(text, text[]) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
