create or replace function api.cursor_decode(page_cursor text, list text) returns jsonb
language plpgsql immutable parallel safe security invoker
set search_path = ''
as $$
declare
    place jsonb;
begin
    if page_cursor is null then
        return null;
    end if;
    begin
        place := convert_from(decode(
            rpad(translate(page_cursor, '-_', '+/'), (length(page_cursor) + 3) / 4 * 4, '='), 'base64'
        ), 'UTF8')::jsonb;
        perform (place ->> 'id')::uuid;
    exception when data_exception then
        place := null;
    end;
    if place ->> 'of' is distinct from list or place ->> 'id' is null then
        raise 'this cursor was not given by this list in this order' using errcode = 'HR422', detail = 'cursor';
    end if;
    return place;
end
$$;
comment on function api.cursor_decode(text, text) is
'The place that api.cursor_encode wrote; null for null (the first page). list: what list in what order the cursor must be
of. Raises HR422 with DETAIL cursor for anything else, so that a cursor of another list or order is never misread.';
revoke all on function api.cursor_decode(text, text) from public;
grant execute on function api.cursor_decode(text, text) to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
