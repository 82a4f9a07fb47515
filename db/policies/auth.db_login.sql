-- Nobody but the owner's functions: who may log in as whom is no one's reading.
create policy "the owner's functions see and write all" on auth.db_login
for all to homeroom_owner
using (true) with check (true);
