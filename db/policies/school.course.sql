create policy "the owner's functions see and write all" on school.course
for all to homeroom_owner
using (true) with check (true);

create policy "students, parents, tutors and teachers read their courses" on school.course
for select to homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor
using (org_id = (select auth.org_id()) and id = any ((select auth.course_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.course
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.course
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.course
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.course
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.course to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_analyst, homeroom_admin,
    homeroom_service;
grant insert, update, delete on school.course to homeroom_admin, homeroom_service;
