create policy "the owner's functions see and write all" on school.refund
for all to homeroom_owner
using (true) with check (true);

-- Whose payment it is of, the payment says, as the reader may read it.
create policy "students and parents read those of payments that they read" on school.refund
for select to homeroom_student, homeroom_parent
using (
    org_id = (select auth.org_id())
    and exists (select from school.payment as p where p.org_id = refund.org_id and p.id = refund.payment_id)
);

create policy "directors read their cohorts'" on school.refund
for select to homeroom_director
using (org_id = (select auth.org_id()) and cohort_id = any ((select auth.cohort_scope())::uuid[]));

create policy "analysts, admins and services read their organization's" on school.refund
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

create policy "admins and services insert into their organization" on school.refund
for insert to homeroom_admin, homeroom_service
with check (org_id = (select auth.org_id()));

create policy "admins and services update in their organization" on school.refund
for update to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));

create policy "admins and services delete in their organization" on school.refund
for delete to homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on school.refund to
    homeroom_student, homeroom_parent, homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
grant insert, update, delete on school.refund to homeroom_admin, homeroom_service;
