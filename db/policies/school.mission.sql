create policy "the owner's functions see and write all" on school.mission
for all to homeroom_owner
using (true) with check (true);

create policy "students, parents and tutors read everybody's and their tracks' once published" on school.mission
for select to homeroom_student, homeroom_parent, homeroom_tutor
using (
    org_id = (select auth.org_id())
    and (track_id is null or track_id = any ((select auth.track_scope())::uuid[]))
    and status <> 'draft'
);

create policy "mentors and directors read all of everybody's and their tracks'" on school.mission
for select to homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and (track_id is null or track_id = any ((select auth.track_scope())::uuid[])));

create policy "analysts, admins and services read their organization's" on school.mission
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.mission
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.mission
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.mission
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.mission to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director, homeroom_analyst,
    homeroom_admin, homeroom_service;
grant insert, update, delete on school.mission to homeroom_admin, homeroom_service;
