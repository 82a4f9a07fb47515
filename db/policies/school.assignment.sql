create policy "the owner's functions see and write all" on school.assignment
for all to homeroom_owner
using (true) with check (true);

create policy "students, parents and tutors read their courses' assignments once published" on school.assignment
for select to homeroom_student, homeroom_parent, homeroom_tutor
using (org_id = (select auth.org_id()) and course_id = any ((select auth.course_scope())::uuid[]) and status <> 'draft');

create policy "teachers read all assignments of their courses" on school.assignment
for select to homeroom_teacher
using (org_id = (select auth.org_id()) and course_id = any ((select auth.course_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.assignment
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.assignment
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.assignment
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.assignment
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.assignment to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_analyst, homeroom_admin,
    homeroom_service;
grant insert, update, delete on school.assignment to homeroom_admin, homeroom_service;
