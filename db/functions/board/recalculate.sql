create or replace function board.recalculate(org bigint, request uuid) returns void
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    students constant uuid[] := (select r.student_ids from ops.recalculation as r where r.org_id = org and r.id = request);
    mended constant bigint := (select count(*) from ops.mend_students(org, students));
begin
    update ops.recalculation as r set differences = mended, finished_at = clock_timestamp()
    where r.org_id = org and r.id = request;
end
$$;
comment on function board.recalculate(bigint, uuid) is 'Does a recalculation that was asked for, and notes how many rows differed from the facts.';
revoke all on function board.recalculate(bigint, uuid) from public;
