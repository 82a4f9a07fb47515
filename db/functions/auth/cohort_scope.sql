create or replace function auth.cohort_scope() returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
begin
    return case
        when caller ->> 'role' in ('student', 'parent', 'tutor') then array(
            select distinct m.cohort_id
            from school.cohort_member as m
            where m.org_id = org
                and m.student_id = any ((select auth.student_scope())::uuid[])
                and m.status in ('active', 'completed')
        )
        when caller ->> 'role' = 'mentor' then array(
            select m.cohort_id from school.cohort_mentor as m where m.org_id = org and m.mentor_id = person
        )
        when caller ->> 'role' = 'director' then array(
            select c.id
            from school.track as t
            join school.cohort as c on c.org_id = t.org_id and c.track_id = t.id
            where t.org_id = org and t.director_id = person
        )
        else '{}'
    end;
end
$$;
comment on function auth.cohort_scope() is
'Ids of the cohorts that the caller may read in the role taken: a mentor those accompanied; a director those of the own tracks; a
student, parent or tutor those that a student in scope is a member of or has completed (withdrawing ends the view of the cohort,
not of one''s own records). Empty for other roles.';
revoke all on function auth.cohort_scope() from public;
grant execute on function auth.cohort_scope() to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director;
