create policy "the owner's functions see and write all" on ops.tier_mask
for all to homeroom_owner
using (true) with check (true);
