create or replace function ops.seed_session_plan(school_name text, first_class integer, last_class integer, today date) returns table (
    cohort integer, cohort_id uuid, mentor integer, week integer, session_id uuid, held_on date, status text
)
language sql immutable parallel safe security invoker rows 300
set search_path = ''
as $$
    select
        c.cohort, c.cohort_id, c.mentor, w, s.id, s.held_on,
        case
            when s.held_on >= today then 'scheduled'
            when ops.seed_number(s.id || 'takes place') < 0.9 then 'held'
            when ops.seed_number(s.id || 'takes place') < 0.97 then 'missed'
            else 'cancelled'
        end
    from ops.seed_cohort_plan(school_name, first_class, last_class, today) as c
    cross join generate_series(-8, 3) as w
    cross join lateral (
        select md5(c.cohort_id::text || '/session/' || w)::uuid as id, today + 7 * w + c.cohort % 7 as held_on
    ) as s
$$;
comment on function ops.seed_session_plan(text, integer, integer, date) is
'The weekly sessions of the cohorts of some classes of a synthetic school.';
revoke all on function ops.seed_session_plan(text, integer, integer, date) from public;
