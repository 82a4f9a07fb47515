create or replace function board.cohort_competencies(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, heatmap json
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
    with track as materialized (
        select c.id as cohort_id, c.track_id from school.cohort as c where c.org_id = org and c.id = any (cohorts)
    ),
    competency as materialized (
        select c.id, c.track_id, c.name, c.required_level
        from school.competency as c
        where c.org_id = org and c.track_id = any (array(select t.track_id from track as t))
    ),
    member as materialized (
        select s.* from board.cohort_students(org, cohorts) as s
    ),
    assessed as (
        select
            m.cohort_id, s.competency_id, count(*) as students, sum(s.level) as levels,
            count(*) filter (where s.level >= c.required_level) as reached,
            array[
                count(*) filter (where s.level < 10), count(*) filter (where s.level >= 10 and s.level < 20),
                count(*) filter (where s.level >= 20 and s.level < 30), count(*) filter (where s.level >= 30 and s.level < 40),
                count(*) filter (where s.level >= 40 and s.level < 50), count(*) filter (where s.level >= 50 and s.level < 60),
                count(*) filter (where s.level >= 60 and s.level < 70), count(*) filter (where s.level >= 70 and s.level < 80),
                count(*) filter (where s.level >= 80 and s.level < 90), count(*) filter (where s.level >= 90)
            ] as bins
        from school.competency_score as s
        join competency as c on c.id = s.competency_id
        join member as m on m.student_id = s.student_id and m.track_id = c.track_id
        where s.org_id = org and s.student_id = any (array(select m.student_id from member as m))
        group by m.cohort_id, s.competency_id
    )
    select
        t.cohort_id,
        json_agg(json_build_object(
            'id', c.id, 'name', c.name, 'required_level', round(c.required_level, 2), 'students', coalesce(a.students, 0),
            'reached', coalesce(a.reached, 0), 'average', board.average(a.levels, a.students),
            'levels', coalesce(a.bins, array_fill(bigint '0', array[10]))
        ) order by c.name, c.id)
    from track as t
    join competency as c on c.track_id = t.track_id
    left join assessed as a on a.cohort_id = t.cohort_id and a.competency_id = c.id
    group by t.cohort_id;
end
$$;
comment on function board.cohort_competencies(bigint, uuid[]) is
'How far the members of cohorts are in each competency of the track, by name: [{"id", "name", "required_level", "students" (assessed), "reached" (who have
that level), "average", "levels": how many are in each ten, the last with 100}]. No row where the track has none.';
revoke all on function board.cohort_competencies(bigint, uuid[]) from public;
