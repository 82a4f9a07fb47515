create or replace function board.recalculation(request uuid) returns json
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    found ops.recalculation;
begin
    select r.* into found from ops.recalculation as r where r.org_id = auth.org_id() and r.id = request;
    if found.id is null then
        raise 'there is no such recalculation' using errcode = 'HR404';
    end if;
    return json_build_object(
        'id', found.id,
        'state', case when found.finished_at is null then 'queued' else 'finished' end,
        'students', cardinality(found.student_ids),
        'differences', found.differences,
        'requested_at', board.utc(found.requested_at),
        'finished_at', board.utc(found.finished_at)
    );
end
$$;
comment on function board.recalculation(uuid) is
'A recalculation of the caller''s organization: {"id", "state": queued|finished, "students": how many, "differences": rows that differed
from the facts and were mended, null until finished, "requested_at", "finished_at"}. Raises HR404.';
revoke all on function board.recalculation(uuid) from public;
grant execute on function board.recalculation(uuid) to homeroom_admin;
