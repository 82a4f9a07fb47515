create or replace function school.provide_interaction_months(first_day date, last_day date) returns integer
language plpgsql volatile parallel unsafe security definer
set search_path = ''
as $$
declare
    month timestamp := date_trunc('month', first_day::timestamp);
    starts timestamptz;
    ends timestamptz;
    name text;
    made integer := 0;
begin
    while month <= last_day loop
        name := 'interaction_' || to_char(month, 'YYYY_MM');
        starts := month at time zone 'UTC';
        ends := (month + interval '1 month') at time zone 'UTC';

        -- One maker at a time: two importers that need the same month must not both create it. Writers go on.
        if to_regclass('school.' || name) is null then
            lock table school.interaction in share update exclusive mode;
        end if;
        if to_regclass('school.' || name) is null then
            execute format('create table school.%I (like school.interaction including all excluding identity)', name);
            execute format('comment on table school.%I is %L', name, format('Interactions of %s (UTC).', to_char(month, 'YYYY-MM')));
            -- What fell into the month before it had a partition moves over, and nothing falls in meanwhile.
            lock table school.interaction_other in access exclusive mode;
            execute format(
                'with moved as (delete from school.interaction where occurred_at >= $1 and occurred_at < $2 returning *) '
                'insert into school.%I select * from moved', name
            ) using starts, ends;
            execute format('alter table school.%I enable row level security', name);
            execute format('alter table school.%I force row level security', name);
            execute format('alter table school.interaction attach partition school.%I for values from (%L) to (%L)', name, starts, ends);
            perform school.guard_interaction_partition(name);
            made := made + 1;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end
$$;
comment on function school.provide_interaction_months(date, date) is
'Makes the monthly partitions of school.interaction (UTC) from first_day''s month to last_day''s, where they are missing, and
moves into each what interaction_other had caught of it. Answers how many were made. `homeroom migrate` and the imports
call it.';
revoke all on function school.provide_interaction_months(date, date) from public;
