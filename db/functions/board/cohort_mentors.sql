create or replace function board.cohort_mentors(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, mentors json, ids uuid[]
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
set jit = off
-- As board.cohort_states does.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
#variable_conflict use_column
begin
    return query
    with mentor as materialized (
        select m.cohort_id, p.id, p.name, count(*) over (partition by m.cohort_id) as mentors
        from school.cohort_mentor as m
        join school.person as p on p.org_id = org and p.id = m.mentor_id and p.id = any (
            array(select n.mentor_id from school.cohort_mentor as n where n.org_id = org and n.cohort_id = any (cohorts))
        )
        where m.org_id = org and m.cohort_id = any (cohorts)
    ),
    met as (
        select
            s.cohort_id, s.mentor_id, count(*) filter (where s.status = 'held') as held,
            count(*) filter (where s.status = 'missed') as missed, round(avg(s.rating), 2) as rating
        from school.mentor_session as s
        where s.org_id = org and s.cohort_id = any (cohorts)
        group by s.cohort_id, s.mentor_id
    ),
    member as (
        select m.cohort_id, count(*) as students
        from school.cohort_member as m
        where m.org_id = org and m.cohort_id = any (cohorts) and m.status = 'active'
        group by m.cohort_id
    )
    select
        m.cohort_id,
        json_agg(json_build_object(
            'id', m.id, 'name', m.name, 'load', round(coalesce(l.students, 0)::numeric / m.mentors, 2),
            'sessions_held', coalesce(s.held, 0), 'sessions_missed', coalesce(s.missed, 0), 'rating', s.rating
        ) order by m.name, m.id),
        array_agg(m.id)
    from mentor as m
    left join member as l on l.cohort_id = m.cohort_id
    left join met as s on s.cohort_id = m.cohort_id and s.mentor_id = m.id
    group by m.cohort_id;
end
$$;
comment on function board.cohort_mentors(bigint, uuid[]) is
'The mentors of cohorts that have some, by name: [{"id", "name", "load" (active members for each mentor of the cohort), "sessions_held",
"sessions_missed", "rating" (mean)}], of this cohort alone; and their ids.';
revoke all on function board.cohort_mentors(bigint, uuid[]) from public;
