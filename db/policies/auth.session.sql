-- Nobody but the owner's functions.
create policy "the owner's functions see and write all" on auth.session
for all to homeroom_owner
using (true) with check (true);
