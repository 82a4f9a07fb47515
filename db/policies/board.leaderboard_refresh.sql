create policy "the owner's functions see and write all" on board.leaderboard_refresh
for all to homeroom_owner
using (true) with check (true);
