-- Students and parents have no grant on `rating`.
create policy "the owner's functions see and write all" on school.mentor_session
for all to homeroom_owner
using (true) with check (true);

create policy "students and parents read their cohorts', but for those with somebody else" on school.mentor_session
for select to homeroom_student, homeroom_parent
using (
    org_id = (select auth.org_id())
    and cohort_id = any ((select auth.cohort_scope())::uuid[])
    and (student_id is null or student_id = any ((select auth.student_scope())::uuid[]))
);

create policy "mentors and directors read their cohorts'" on school.mentor_session
for select to homeroom_mentor, homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.mentor_session
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.mentor_session
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.mentor_session
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.mentor_session
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select (
    org_id, id, cohort_id, mentor_id, student_id, title, starts_at, ends_at, status, url, source, external_id
) on school.mentor_session to homeroom_student, homeroom_parent;
grant select on school.mentor_session to
    homeroom_mentor, homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.mentor_session to homeroom_admin, homeroom_service;
