create or replace function auth.directs(cohort uuid) returns boolean
language plpgsql stable parallel safe security definer
set search_path = ''
as $$
declare
    caller constant jsonb := auth.claims();
begin
    return exists (
        select
        from school.cohort as c
        join school.track as t on t.org_id = c.org_id and t.id = c.track_id
        where c.org_id = (caller ->> 'org')::bigint and c.id = cohort
            and (caller ->> 'role' = 'admin' or caller ->> 'role' = 'director' and t.director_id = (caller ->> 'sub')::uuid)
    );
end
$$;
comment on function auth.directs(uuid) is
'Whether the caller, in the role taken, answers for a cohort: a director for those in auth.cohort_scope(), an admin for all of the organization.
The same rule, asked of one cohort, at a cost that does not grow with how many there are.';
revoke all on function auth.directs(uuid) from public;
grant execute on function auth.directs(uuid) to homeroom_director, homeroom_admin;
