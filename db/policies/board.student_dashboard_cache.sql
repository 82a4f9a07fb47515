create policy "the owner's functions see and write all" on board.student_dashboard_cache
for all to homeroom_owner
using (true) with check (true);

-- Not for students: the numbers are unmasked. They read board.student_dashboard().
create policy "analysts, admins and services read their organization's" on board.student_dashboard_cache
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.student_dashboard_cache to homeroom_analyst, homeroom_admin, homeroom_service;
