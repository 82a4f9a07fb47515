create or replace function board.student_membership(org bigint, students uuid[]) returns table (
    student_id uuid, cohort_id uuid, track_id uuid
)
language plpgsql stable parallel safe security invoker rows 20
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select distinct on (m.student_id) m.student_id, m.cohort_id, c.track_id
    from school.cohort_member as m
    join school.cohort as c on c.org_id = m.org_id and c.id = m.cohort_id
    where m.org_id = org and m.student_id = any (students) and m.status = 'active'
    order by m.student_id, m.joined_at desc, m.cohort_id;
end
$$;
comment on function board.student_membership(bigint, uuid[]) is
'The cohort that each student''s dashboard is about, and its track: the active membership that began last. No row for who has none.';
revoke all on function board.student_membership(bigint, uuid[]) from public;
