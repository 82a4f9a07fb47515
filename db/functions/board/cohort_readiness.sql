create or replace function board.cohort_readiness(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, distribution json
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
    with member as materialized (
        select s.* from board.cohort_students(org, cohorts) as s
    ),
    newest as (
        select distinct on (r.student_id) r.student_id, r.score
        from school.readiness_score as r
        where r.org_id = org and r.student_id = any (array(select m.student_id from member as m))
        order by r.student_id, r.scored_at desc
    ),
    scored as (
        select m.cohort_id, array_agg(s.score order by s.score) as sorted
        from member as m
        join newest as s on s.student_id = m.student_id
        group by m.cohort_id
    )
    select
        s.cohort_id,
        json_build_object(
            'students', cardinality(s.sorted),
            'bins', (
                select json_agg(json_build_object(
                    'at_least', 10 * b.place - 10, 'below', 10 * b.place, 'students', coalesce(n.students, 0)
                ) order by b.place)
                from generate_series(1, 10) as b (place)
                left join (
                    -- A hundred is in the last.
                    select least(width_bucket(v.score, 0, 100, 10), 10) as place, count(*) as students
                    from unnest(s.sorted) as v (score)
                    group by 1
                ) as n on n.place = b.place
            ),
            'lower_quartile', round(board.quantile(s.sorted, 0.25), 2),
            'median', round(board.quantile(s.sorted, 0.5), 2),
            'upper_quartile', round(board.quantile(s.sorted, 0.75), 2)
        )
    from (
        select c.id as cohort_id, coalesce(n.sorted, '{}') as sorted
        from unnest(cohorts) as c (id)
        left join scored as n on n.cohort_id = c.id
    ) as s;
end
$$;
comment on function board.cohort_readiness(bigint, uuid[]) is
'How ready the members of cohorts are, by their newest scores: {"students" (who have one), "bins": ten of ten [{"at_least", "below", "students"}],
the last with 100, "lower_quartile", "median", "upper_quartile"}.';
revoke all on function board.cohort_readiness(bigint, uuid[]) from public;
