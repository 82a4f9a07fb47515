-- Read by `homeroom jobs`, written by ops.run_due_jobs().
create policy "the owner's functions see and write all" on ops.job_run
for all to homeroom_owner
using (true) with check (true);
