create or replace function feed.provide_days(first_day date, last_day date) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
-- Who waits for the log holds everybody up who comes later: rather another time. event_other catches what comes meanwhile.
set lock_timeout = '200ms'
as $$
declare
    day date := first_day;
    starts timestamptz;
    ends timestamptz;
    name text;
    made integer := 0;
begin
    while day <= last_day loop
        name := 'event_' || to_char(day, 'YYYY_MM_DD');
        starts := day::timestamp at time zone 'UTC';
        ends := (day + 1)::timestamp at time zone 'UTC';

        -- One maker at a time. Writers go on.
        if to_regclass('feed.' || name) is null then
            lock table feed.event in share update exclusive mode;
        end if;
        if to_regclass('feed.' || name) is null then
            execute format('create table feed.%I (like feed.event including all excluding identity)', name);
            execute format('comment on table feed.%I is %L', name, format('Events of %s (UTC).', to_char(day, 'YYYY-MM-DD')));
            -- What fell into the day before it had a partition moves over, and nothing falls in meanwhile.
            lock table feed.event_other in access exclusive mode;
            execute format(
                'with moved as (delete from feed.event where at >= $1 and at < $2 returning *) insert into feed.%I select * from moved', name
            ) using starts, ends;
            execute format('alter table feed.%I enable row level security', name);
            execute format('alter table feed.%I force row level security', name);
            execute format('alter table feed.event attach partition feed.%I for values from (%L) to (%L)', name, starts, ends);
            made := made + 1;
        end if;
        day := day + 1;
    end loop;
    return made;
end
$$;
comment on function feed.provide_days(date, date) is
'Makes the daily partitions of feed.event (UTC) from first_day to last_day, where they are missing, and moves into each what event_other had
caught of it. Answers how many were made. `homeroom migrate` and a job call it. While somebody reads the log
for long it fails for now (55P03).';
revoke all on function feed.provide_days(date, date) from public;
