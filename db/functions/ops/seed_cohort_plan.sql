create or replace function ops.seed_cohort_plan(school_name text, first_class integer, last_class integer, today date) returns table (
    cohort integer, cohort_id uuid, track integer, track_id uuid, name text, mentor integer, classes integer, starts_on date, ends_on date
)
language sql immutable parallel safe security invoker rows 25
set search_path = ''
as $$
    select
        c.cohort, ops.seed_id(school_name, 'cohort', c.cohort), t.track, t.track_id, t.name || ' ' || c.cohort, (c.cohort + 1) / 2,
        c.classes, today - 98 + 7 * (c.cohort % 3), today + 69 + 7 * (c.cohort % 3)
    from (
        select ops.seed_cohort(n) as cohort, count(*)::integer as classes
        from generate_series(first_class, last_class) as n
        group by 1
    ) as c
    join ops.seed_track_plan(school_name) as t on t.track = (c.cohort - 1) % 3 + 1
$$;
comment on function ops.seed_cohort_plan(text, integer, integer, date) is
'The cohorts of some classes of a synthetic school: two in a house, who share a mentor. They run for 24 weeks.';
revoke all on function ops.seed_cohort_plan(text, integer, integer, date) from public;
