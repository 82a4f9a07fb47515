create policy "the owner's functions see and write all" on school.organization
for all to homeroom_owner
using (true) with check (true);

create policy "everybody reads the own organization" on school.organization
for select to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins update the own organization" on school.organization
for update to homeroom_admin
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

grant select on school.organization to
    homeroom_student, homeroom_parent, homeroom_teacher, homeroom_tutor, homeroom_mentor, homeroom_director,
    homeroom_analyst, homeroom_admin, homeroom_service;
grant update (name, time_zone, currency) on school.organization to homeroom_admin;
