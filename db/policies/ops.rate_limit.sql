-- Read and written through api.rate_lease() and api.rate_return().
create policy "the owner's functions see and write all" on ops.rate_limit
for all to homeroom_owner
using (true) with check (true);
