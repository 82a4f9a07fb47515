create policy "the owner's functions see and write all" on school.notification
for all to homeroom_owner
using (true) with check (true);

create policy "everybody reads the own" on school.notification
for select to homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and person_id = (select auth.person_id()));

create policy "admins and services read their organization's" on school.notification
for select to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.notification
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.notification
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.notification
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.notification to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_admin, homeroom_service;
grant insert, update, delete on school.notification to homeroom_admin, homeroom_service;
