create or replace function board.cohort_enrollment(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, by_status json, by_week json
)
language plpgsql stable parallel restricted security invoker rows 50
set search_path = ''
set jit = off
-- As board.cohort_states does.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    zone constant text := (board.clock(org)).zone;
begin
    return query
    with member as (
        select
            m.cohort_id, m.status, m.seat_pool, date_trunc('week', m.joined_at at time zone zone)::date as week
        from school.cohort_member as m
        where m.org_id = org and m.cohort_id = any (cohorts)
    ),
    -- Of each week, and of all together.
    counted as materialized (
        select m.cohort_id, m.week, grouping(m.week) = 1 as is_all, count(*) as students, json_build_object(
            'active', json_build_object(
                'paid', count(*) filter (where m.status = 'active' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'active' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'active' and m.seat_pool = 'sponsored')
            ),
            'completed', json_build_object(
                'paid', count(*) filter (where m.status = 'completed' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'completed' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'completed' and m.seat_pool = 'sponsored')
            ),
            'withdrawn', json_build_object(
                'paid', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'paid'),
                'scholarship', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'scholarship'),
                'sponsored', count(*) filter (where m.status = 'withdrawn' and m.seat_pool = 'sponsored')
            )
        ) as said
        from member as m
        group by grouping sets ((m.cohort_id), (m.cohort_id, m.week))
    ),
    joined as (
        select
            e.cohort_id,
            json_agg(json_build_object('week', e.week, 'joined', e.students, 'by_status', e.said) order by e.week) as said
        from counted as e
        where not e.is_all
        group by e.cohort_id
    )
    select
        c.id,
        coalesce(e.said, json_build_object('active', none.said, 'completed', none.said, 'withdrawn', none.said)),
        coalesce(j.said, '[]')
    from unnest(cohorts) as c (id)
    cross join (select json_build_object('paid', 0, 'scholarship', 0, 'sponsored', 0) as said) as none
    left join counted as e on e.cohort_id = c.id and e.is_all
    left join joined as j on j.cohort_id = c.id;
end
$$;
comment on function board.cohort_enrollment(bigint, uuid[]) is
'Who is and was in cohorts: by_status, {"active", "completed", "withdrawn": {"paid", "scholarship", "sponsored"}}; by_week, the same of
those who joined in a week (from Monday, the organization''s): [{"week", "joined", "by_status"}].';
revoke all on function board.cohort_enrollment(bigint, uuid[]) from public;
