create policy "the owner's functions see and write all" on board.organization_rollup
for all to homeroom_owner
using (true) with check (true);

create policy "analysts, admins and services read their organization's" on board.organization_rollup
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.organization_rollup to homeroom_analyst, homeroom_admin, homeroom_service;
