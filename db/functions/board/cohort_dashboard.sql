create or replace function board.cohort_dashboard(cohort uuid) returns text
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
begin
    return (board.cacheable_cohort(cohort)).document;
end
$$;
comment on function board.cohort_dashboard(uuid) is
'The page of a cohort that the caller directs, as JSON: board.cacheable_cohort without what a cache has to know. Raises HR404 for any other cohort.
Roles director, admin.';
revoke all on function board.cohort_dashboard(uuid) from public;
grant execute on function board.cohort_dashboard(uuid) to homeroom_director, homeroom_admin;
