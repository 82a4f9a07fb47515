create policy "the owner's functions see and write all" on school.cohort_member
for all to homeroom_owner
using (true) with check (true);

create policy "students read their own" on school.cohort_member
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "parents and tutors read their students'" on school.cohort_member
for select to homeroom_parent, homeroom_tutor
using (org_id = (select auth.org_id()) and student_id = any ((select auth.student_scope())::uuid[]));

create policy "mentors and directors read their cohorts'" on school.cohort_member
for select to homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.cohort_member
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.cohort_member
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.cohort_member
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.cohort_member
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.cohort_member to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director, homeroom_analyst,
    homeroom_admin, homeroom_service;
grant insert, update, delete on school.cohort_member to homeroom_admin, homeroom_service;
