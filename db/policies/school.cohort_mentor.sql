create policy "the owner's functions see and write all" on school.cohort_mentor
for all to homeroom_owner
using (true) with check (true);

create policy "students, parents, tutors, mentors and directors read their cohorts'" on school.cohort_mentor
for select to homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.cohort_mentor
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.cohort_mentor
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.cohort_mentor
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.cohort_mentor
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.cohort_mentor to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director, homeroom_analyst,
    homeroom_admin, homeroom_service;
grant insert, update, delete on school.cohort_mentor to homeroom_admin, homeroom_service;
