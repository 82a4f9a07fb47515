create policy "the owner's functions see and write all" on ingest.rejected
for all to homeroom_owner
using (true) with check (true);

create policy "admins and services read their organization's" on ingest.rejected
for select to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on ingest.rejected to homeroom_admin, homeroom_service;
