create policy "the owner's functions see and write all" on school.guardian
for all to homeroom_owner
using (true) with check (true);

create policy "parents read whose guardian they are" on school.guardian
for select to homeroom_parent
using (org_id = (select auth.org_id()) and parent_id = (select auth.person_id()));

create policy "students read who their guardians are" on school.guardian
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "analysts, admins and services read their organization's" on school.guardian
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.guardian
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.guardian
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.guardian
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.guardian to
    homeroom_student, homeroom_parent, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.guardian to homeroom_admin, homeroom_service;
