create policy "the owner's functions see and write all" on board.tier_mask
for all to homeroom_owner
using (true) with check (true);
