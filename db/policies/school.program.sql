create policy "the owner's functions see and write all" on school.program
for all to homeroom_owner
using (true) with check (true);

create policy "students, parents, tutors, mentors and directors read those of their tracks" on school.program
for select to homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director
using (
    org_id = (select auth.org_id())
    and id = any (array(
        select t.program_id
        from school.track as t
        where t.org_id = (select auth.org_id()) and t.id = any ((select auth.track_scope())::uuid[])
    ))
);

create policy "analysts, admins and services read their organization's" on school.program
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.program
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.program
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.program
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.program to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_mentor, homeroom_director, homeroom_analyst,
    homeroom_admin, homeroom_service;
grant insert, update, delete on school.program to homeroom_admin, homeroom_service;
