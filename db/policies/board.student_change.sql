-- Nobody else: it says nothing.
create policy "the owner's functions see and write all" on board.student_change
for all to homeroom_owner
using (true) with check (true);
