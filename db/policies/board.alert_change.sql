create policy "the owner's functions see and write all" on board.alert_change
for all to homeroom_owner
using (true) with check (true);

-- The alert's own policies say which.
create policy "directors read their alerts'" on board.alert_change
for select to homeroom_director
using (
    org_id = (select auth.org_id())
    and exists (select from board.alert as a where a.org_id = alert_change.org_id and a.id = alert_change.alert_id)
);

create policy "analysts, admins and services read their organization's" on board.alert_change
for select to homeroom_analyst, homeroom_admin, homeroom_service
using (org_id = (select auth.org_id()));

grant select on board.alert_change to homeroom_director, homeroom_analyst, homeroom_admin, homeroom_service;
