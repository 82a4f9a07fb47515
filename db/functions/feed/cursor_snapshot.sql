create or replace function feed.cursor_snapshot(cursor text, epoch text) returns pg_snapshot
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    longest constant integer := 32768;
    known pg_snapshot;
begin
    if cursor is null or length(cursor) > longest or epoch is null
        or cursor !~ '^[0-9a-f]{12}\.[0-9]{1,20}:[0-9]{1,20}:([0-9]{1,20}(,[0-9]{1,20})*)?$'
        or split_part(cursor, '.', 1) <> epoch
    then
        return null;
    end if;
    begin
        known := split_part(cursor, '.', 2)::pg_snapshot;
    exception when data_exception then
        return null;
    end;
    if pg_snapshot_xmax(known) > pg_snapshot_xmax(pg_current_snapshot()) then
        return null;
    end if;
    return known;
end
$$;
comment on function feed.cursor_snapshot(text, text) is
'The snapshot in a cursor of this epoch. Null, which means to start anew, for what is no cursor, another epoch''s, or of the future. Whether
retention has dropped what it does not know, feed.is_complete says after reading.';
revoke all on function feed.cursor_snapshot(text, text) from public;
