-- Written by api.process_report() and ops.run_due_jobs().
create policy "the owner's functions see and write all" on ops.process
for all to homeroom_owner
using (true) with check (true);
