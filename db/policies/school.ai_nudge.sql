-- Nobody whom it is about, or who accompanies them, has a grant: what a tier shows of this comes from a view that masks.
create policy "the owner's functions see and write all" on school.ai_nudge
for all to homeroom_owner
using (true) with check (true);

create policy "analysts, admins and services read their organization's" on school.ai_nudge
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.ai_nudge
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.ai_nudge
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.ai_nudge
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.ai_nudge to homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.ai_nudge to homeroom_admin, homeroom_service;
