-- Read through the totals of the cohort; whom it is about is not said there.
create policy "the owner's functions see and write all" on board.cohort_member_progress
for all to homeroom_owner
using (true) with check (true);
