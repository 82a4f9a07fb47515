create or replace function board.request_recalculation(student_ids uuid[]) returns uuid
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- A request waits for no other: what cannot be had now is left to the job.
set lock_timeout = '200ms'
as $$
declare
    at_once constant integer := 100;
    most_students constant integer := 1000;
    most_waiting constant integer := 100;
    org constant bigint := auth.org_id();
    students constant uuid[] := array(select distinct s from unnest(student_ids) as s where s is not null);
    request uuid;
begin
    if cardinality(students) not between 1 and most_students then
        raise 'from 1 to % students', most_students using errcode = 'HR422', detail = 'student_ids';
    elsif exists (
        select from unnest(students) as s (id)
        where not exists (select from school.person as p where p.org_id = org and p.id = s.id)
    ) then
        raise 'one of these students does not exist, or is not yours to see' using errcode = 'HR404';
    elsif (select count(*) from ops.recalculation as r where r.org_id = org and r.finished_at is null) >= most_waiting then
        raise '% recalculations are waiting already', most_waiting using errcode = 'HR429';
    end if;

    insert into ops.recalculation (org_id, requested_by, student_ids) values (org, auth.person_id(), students)
    returning id into request;

    if cardinality(students) <= at_once then
        begin
            perform board.recalculate(org, request);
        exception when lock_not_available then
            null;
        end;
    end if;
    return request;
end
$$;
comment on function board.request_recalculation(uuid[]) is
'Asks for the recalculation of students'' numbers in the caller''s organization and answers its id (see board.recalculation): done at
once for up to 100 students if no other is under way, by a job otherwise. Raises HR422 (student_ids: none, or more than 1,000), HR404
if one is not in the organization, HR429 while 100 requests of the organization wait; then none is done.';
revoke all on function board.request_recalculation(uuid[]) from public;
grant execute on function board.request_recalculation(uuid[]) to homeroom_admin;
