create policy "the owner's functions see and write all" on school.action_receipt
for all to homeroom_owner
using (true) with check (true);
