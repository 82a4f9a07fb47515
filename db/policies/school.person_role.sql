create policy "the owner's functions see and write all" on school.person_role
for all to homeroom_owner
using (true) with check (true);

create policy "everybody reads the own roles" on school.person_role
for select to homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and person_id = (select auth.person_id()));

create policy "analysts, admins and services read their organization's" on school.person_role
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.person_role
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.person_role
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.person_role
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.person_role to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.person_role to homeroom_admin, homeroom_service;
