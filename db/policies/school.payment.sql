create policy "the owner's functions see and write all" on school.payment
for all to homeroom_owner
using (true) with check (true);

create policy "students read their own" on school.payment
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "parents read their students'" on school.payment
for select to homeroom_parent
using (org_id = (select auth.org_id()) and student_id = any ((select auth.student_scope())::uuid[]));

create policy "directors read their cohorts'" on school.payment
for select to homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.payment
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.payment
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.payment
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.payment
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.payment to
    homeroom_student, homeroom_parent, homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.payment to homeroom_admin, homeroom_service;
