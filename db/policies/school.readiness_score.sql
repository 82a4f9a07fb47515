-- Students, parents and tutors have no grant: what a tier shows of this comes from views that mask.
create policy "the owner's functions see and write all" on school.readiness_score
for all to homeroom_owner
using (true) with check (true);

create policy "mentors read their students'" on school.readiness_score
for select to homeroom_mentor
using (org_id = (select auth.org_id()) and student_id = any ((select auth.student_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.readiness_score
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.readiness_score
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.readiness_score
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.readiness_score
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.readiness_score to homeroom_mentor, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.readiness_score to homeroom_admin, homeroom_service;
