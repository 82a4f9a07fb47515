create policy "the owner's functions see and write all" on board.dashboard_cache
for all to homeroom_owner
using (true) with check (true);
