create policy "the owner's functions see and write all" on board.alert_rule
for all to homeroom_owner
using (true) with check (true);

create policy "directors read the organization's and their tracks'" on board.alert_rule
for select to homeroom_director
using (
    org_id = (select auth.org_id())
    and (track_id is null or track_id = any ((select auth.track_scope())::uuid[]))
);

create policy "analysts, admins and services read their organization's" on board.alert_rule
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins insert into their organization" on board.alert_rule
for insert to homeroom_admin
with check (org_id = (select auth.org_id()));

create policy "admins update in their organization" on board.alert_rule
for update to homeroom_admin
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins delete in their organization" on board.alert_rule
for delete to homeroom_admin
using (org_id = (select auth.org_id()));

grant select on board.alert_rule to homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on board.alert_rule to homeroom_admin;
