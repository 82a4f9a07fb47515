create policy "the owner's functions see and write all" on feed.presence
for all to homeroom_owner
using (true) with check (true);
