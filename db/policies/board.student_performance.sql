-- Not for teachers: the total spans courses that they do not teach. They read student_course_performance.
create policy "the owner's functions see and write all" on board.student_performance
for all to homeroom_owner
using (true) with check (true);

create policy "students read their own" on board.student_performance
for select to homeroom_student
using (org_id = (select auth.org_id()) and student_id = (select auth.person_id()));

create policy "parents and tutors read their students'" on board.student_performance
for select to homeroom_parent, homeroom_tutor
using (org_id = (select auth.org_id()) and student_id = any ((select auth.student_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on board.student_performance
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.student_performance to
    homeroom_student, homeroom_parent, homeroom_tutor, homeroom_analyst, homeroom_admin, homeroom_service;
