create or replace function api.admin_recalculate(claims jsonb, student_ids uuid[]) returns json
language plpgsql volatile parallel unsafe security invoker
as $$
declare
    students uuid[];
    request uuid;
begin
    perform auth.enter(claims, 'admin');

    students := array(select distinct s from unnest(student_ids) as s where s is not null);
    if cardinality(students) not between 1 and 1000 then
        raise 'from 1 to 1000 students' using errcode = 'HR422', detail = 'student_ids';
    elsif exists (
        select from unnest(students) as s (id)
        where not exists (select from school.person as p where p.org_id = (select auth.org_id()) and p.id = s.id)
    ) then
        raise 'one of these students does not exist, or is not yours to see' using errcode = 'HR404';
    end if;

    request := board.request_recalculation(students);
    return board.recalculation(request);
end
$$;
comment on function api.admin_recalculate(jsonb, uuid[]) is
'POST /api/v1/admin/students/performance/recalculate: counts the numbers of these students of the organization again from their facts and
adds what differs. Up to 100 at once, more by a job; answers board.recalculation. Raises HR422 (student_ids: none, or more than
1,000), HR404 if one is not in the organization; then none is done. Role admin.';
revoke all on function api.admin_recalculate(jsonb, uuid[]) from public;
grant execute on function api.admin_recalculate(jsonb, uuid[]) to homeroom_api;
