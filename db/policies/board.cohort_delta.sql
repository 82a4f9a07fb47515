create policy "the owner's functions see and write all" on board.cohort_delta
for all to homeroom_owner
using (true) with check (true);

create policy "directors read their cohorts'" on board.cohort_delta
for select to homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on board.cohort_delta
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.cohort_delta to homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
