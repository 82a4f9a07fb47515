-- Nobody but the owner's functions.
create policy "the owner's functions see and write all" on feed.pruned
for all to homeroom_owner
using (true) with check (true);
