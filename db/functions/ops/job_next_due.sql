create or replace function ops.job_next_due(every interval, origin timestamptz, after timestamptz default clock_timestamp())
returns timestamptz
language sql immutable parallel safe security invoker
-- In UTC, because a day added to a timestamptz is 23 or 25 hours long twice a year where the session's clock changes.
return (date_bin(every, after at time zone 'UTC', origin at time zone 'UTC') + every) at time zone 'UTC';
comment on function ops.job_next_due(interval, timestamptz, timestamptz) is
'The first moment later than `after` that is a whole multiple of `every` from `origin`. Without `after` it counts from the clock, not
from the transaction''s begin: times that pass while a job runs are not made up for.';
revoke all on function ops.job_next_due(interval, timestamptz, timestamptz) from public;
