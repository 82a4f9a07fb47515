create or replace function feed.cursor_text(epoch text, seen pg_snapshot, next xid8) returns text
language sql immutable parallel safe security invoker
return (
    select format(
        '%s.%s:%s:%s', cursor_text.epoch, coalesce((array_agg(x.id order by x.id))[1], cursor_text.next), cursor_text.next,
        coalesce(string_agg(x.id::text, ',' order by x.id), '')
    )
    from pg_snapshot_xip(cursor_text.seen) as x (id)
    where x.id < cursor_text.next
);
comment on function feed.cursor_text(text, pg_snapshot, xid8) is
'The cursor that says: seen is everything that this snapshot sees of what came before `next`. That is the transaction after the last one with
an event, rather than the snapshot''s own end: since its commit is on disk, a crash cannot give the numbers before it to others.';
revoke all on function feed.cursor_text(text, pg_snapshot, xid8) from public;
