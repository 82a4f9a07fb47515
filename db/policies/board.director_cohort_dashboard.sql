create policy "the owner's functions see and write all" on board.director_cohort_dashboard
for all to homeroom_owner
using (true) with check (true);

create policy "directors read those of their cohorts" on board.director_cohort_dashboard
for select to homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts and admins read their organization's" on board.director_cohort_dashboard
for select to homeroom_analyst, homeroom_admin
using (org_id = (select auth.org_id()));

grant select on board.director_cohort_dashboard to homeroom_director, homeroom_analyst, homeroom_admin;
