create or replace function board.student_scopes(org bigint, students uuid[]) returns table (student_id uuid, ids uuid[])
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with member as materialized (
        select m.student_id, m.cohort_id, m.track_id from board.student_membership(org, students) as m
    ),
    scope as (
        select m.student_id, m.cohort_id as id from member as m
        union all
        select m.student_id, m.track_id from member as m
        union all
        select m.student_id, c.mentor_id
        from member as m
        join school.cohort_mentor as c on c.org_id = org and c.cohort_id = m.cohort_id
        union all
        select e.student_id, e.course_id
        from school.enrollment as e
        where e.org_id = org and e.student_id = any (students) and e.status = 'active'
        union all
        select a.student_id, a.mission_id
        from school.mission_attempt as a
        where a.org_id = org and a.student_id = any (students) and a.state in ('started', 'rejected')
    )
    select s.student_id, array_agg(s.id) from scope as s group by s.student_id;
end
$$;
comment on function board.student_scopes(bigint, uuid[]) is
'Whose shared facts a student''s dashboard shows, as ids: the cohort, its track and mentors, active courses, missions to be done.';
revoke all on function board.student_scopes(bigint, uuid[]) from public;
