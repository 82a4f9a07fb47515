create policy "the owner's functions see and write all" on school.tutor_student
for all to homeroom_owner
using (true) with check (true);

create policy "tutors read whom they accompany" on school.tutor_student
for select to homeroom_tutor
using (org_id = (select auth.org_id()) and tutor_id = (select auth.person_id()));

create policy "students read who accompanies them" on school.tutor_student
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "analysts, admins and services read their organization's" on school.tutor_student
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.tutor_student
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.tutor_student
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.tutor_student
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.tutor_student to
    homeroom_student, homeroom_tutor, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.tutor_student to homeroom_admin, homeroom_service;
