create or replace function board.request_recalculation(students uuid[]) returns uuid
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    at_once constant integer := 100;
    org constant bigint := auth.org_id();
    request uuid;
begin
    insert into ops.recalculation (org_id, requested_by, student_ids) values (org, auth.person_id(), students)
    returning id into request;

    if cardinality(students) <= at_once then
        perform board.recalculate(org, request);
    end if;
    return request;
end
$$;
comment on function board.request_recalculation(uuid[]) is
'Asks for the recalculation of students'' numbers in the caller''s organization and answers its id (see board.recalculation): done at
once for up to 100 students, by a job beyond.';
revoke all on function board.request_recalculation(uuid[]) from public;
grant execute on function board.request_recalculation(uuid[]) to homeroom_admin;
