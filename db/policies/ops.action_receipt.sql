create policy "the owner's functions see and write all" on ops.action_receipt
for all to homeroom_owner
using (true) with check (true);
