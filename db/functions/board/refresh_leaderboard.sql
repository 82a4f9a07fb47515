create or replace function board.refresh_leaderboard(org bigint) returns bigint
language plpgsql volatile parallel unsafe security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    changed bigint;
    students uuid[];
begin
    with point as materialized (
        select a.student_id, sum(a.points) as points from school.point_award as a where a.org_id = org group by a.student_id
    ),
    placed as (
        select
            m.cohort_id, m.student_id, coalesce(p.points, 0)::bigint as points,
            rank() over (partition by m.cohort_id order by coalesce(p.points, 0) desc) as place,
            round(100 * percent_rank() over (partition by m.cohort_id order by coalesce(p.points, 0))::numeric, 2) as percentile,
            s.name
        from school.cohort_member as m
        join school.person as s on s.org_id = m.org_id and s.id = m.student_id
        left join point as p on p.student_id = m.student_id
        where m.org_id = org and m.status = 'active'
    ),
    shown as (
        select
            d.*,
            jsonb_build_object('rank', d.place, 'name', d.name, 'points', d.points, 'is_me', false) as other,
            jsonb_build_object('rank', d.place, 'name', d.name, 'points', d.points, 'is_me', true) as me
        from placed as d
    ),
    ranked as (
        select
            d.cohort_id, d.student_id, d.points, d.place, d.percentile,
            to_jsonb(array_remove(
                array[lag(d.other, 2) over around, lag(d.other) over around, d.me, lead(d.other) over around, lead(d.other, 2) over around],
                null
            )) as around_me
        from shown as d
        window around as (partition by d.cohort_id order by d.place, d.student_id)
    ),
    gone as (
        delete from board.leaderboard as l
        where l.org_id = org
            and not exists (select from ranked as r where r.cohort_id = l.cohort_id and r.student_id = l.student_id)
        returning l.student_id
    ),
    come as (
        insert into board.leaderboard as l (org_id, cohort_id, student_id, points, rank, percentile, around_me)
        select org, r.cohort_id, r.student_id, r.points, r.place, r.percentile, r.around_me
        from ranked as r
        order by r.cohort_id, r.student_id
        on conflict (org_id, cohort_id, student_id) do update set
            points = excluded.points, rank = excluded.rank, percentile = excluded.percentile, around_me = excluded.around_me
            where (l.points, l.rank, l.percentile, l.around_me)
                is distinct from (excluded.points, excluded.rank, excluded.percentile, excluded.around_me)
        returning l.student_id
    )
    select count(*), coalesce(array_agg(distinct c.student_id), '{}')
    into changed, students
    from (select g.student_id from gone as g union all select c.student_id from come as c) as c;

    insert into board.leaderboard_refresh as r (org_id, as_of) values (org, now())
    on conflict (org_id) do update set as_of = excluded.as_of;
    perform board.tell_leaderboard(org, students);
    -- And to processes that keep their answers: tags, of which an event names so many at most.
    insert into feed.event (org_id, topics, kind, payload)
    select org, array_agg('s' || s.id), 'stale', '{}'
    from unnest(students) with ordinality as s (id, number)
    group by s.number / 500;
    return changed;
end
$$;
comment on function board.refresh_leaderboard(bigint) is
'Ranks the active members of each of an organization''s cohorts by their points, as of now; only places that changed are written, and
told to who follows the dashboard, and to processes that keep it. A job, every minute. rank: 1 is the best, equals share one. percentile: the percentage of the others who have fewer points. Equals in the
order of their ids.';
revoke all on function board.refresh_leaderboard(bigint) from public;
