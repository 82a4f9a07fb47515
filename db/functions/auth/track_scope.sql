create or replace function auth.track_scope() returns uuid[]
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
    org constant bigint := (caller ->> 'org')::bigint;
    person constant uuid := (caller ->> 'sub')::uuid;
begin
    return case
        when caller ->> 'role' = 'director' then array(
            select t.id from school.track as t where t.org_id = org and t.director_id = person
        )
        else array(
            select distinct c.track_id
            from school.cohort as c
            where c.org_id = org and c.id = any ((select auth.cohort_scope())::uuid[])
        )
    end;
end
$$;
comment on function auth.track_scope() is
'Ids of the tracks that the caller may read in the role taken: a director those directed, also without a cohort; a student, parent,
tutor or mentor those of the cohorts in auth.cohort_scope(). Empty for other roles.';
revoke all on function auth.track_scope() from public;
grant execute on function auth.track_scope() to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director;
