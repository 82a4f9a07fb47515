create policy "the owner's functions see and write all" on school.habit_log
for all to homeroom_owner
using (true) with check (true);

create policy "students read their own" on school.habit_log
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "parents, tutors and mentors read their students'" on school.habit_log
for select to homeroom_parent, homeroom_tutor, homeroom_mentor
using (org_id = (select auth.org_id()) and student_id = any ((select auth.student_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.habit_log
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.habit_log
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.habit_log
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.habit_log
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.habit_log to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_analyst, homeroom_admin,
    homeroom_service;
grant insert, update, delete on school.habit_log to homeroom_admin, homeroom_service;
