create policy "the owner's functions see and write all" on board.assignment_rollup
for all to homeroom_owner
using (true) with check (true);

create policy "teachers read their courses'" on board.assignment_rollup
for select to homeroom_teacher
using (org_id = (select auth.org_id()) and course_id = any ((select auth.course_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on board.assignment_rollup
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.assignment_rollup to homeroom_teacher, homeroom_analyst, homeroom_admin, homeroom_service;
