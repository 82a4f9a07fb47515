create policy "the owner's functions see and write all" on board.dashboard_cache
for all to homeroom_owner
using (true) with check (true);

create policy "admins read their organization's directors' and their own" on board.dashboard_cache
for select to homeroom_admin
using (org_id = (select auth.org_id()) and role in ('director', 'admin'));

grant select on board.dashboard_cache to homeroom_admin;
