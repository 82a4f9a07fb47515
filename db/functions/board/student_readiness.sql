create or replace function board.student_readiness(org bigint, students uuid[]) returns table (
    student_id uuid, score numeric, trend_7d numeric, time_to_ready integer, gaps text[]
)
language plpgsql stable parallel safe security invoker rows 50
set search_path = ''
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    -- Days of the organization, so that nothing but a midnight moves a score out of a window.
    week constant timestamptz := board.day_begins(clock.today - 6, clock.zone);
    month constant timestamptz := board.day_begins(clock.today - 27, clock.zone);
begin
    return query
    with member as materialized (
        select m.student_id, m.track_id, t.target_readiness
        from board.student_membership(org, students) as m
        join school.track as t on t.org_id = org and t.id = m.track_id
    ),
    measured as (
        select
            r.student_id,
            (array_agg(r.score order by r.scored_at desc))[1] as score,
            (array_agg(r.score order by r.scored_at desc) filter (where r.scored_at < week))[1] as week_ago,
            regr_slope(r.score, extract(epoch from r.scored_at) / 86400) filter (where r.scored_at >= month) as slope
        from school.readiness_score as r
        where r.org_id = org and r.student_id = any (students)
        group by r.student_id
    ),
    gap as (
        select m.student_id, c.name, c.required_level - coalesce(s.level, 0) as missing
        from member as m
        join school.competency as c on c.org_id = org and c.track_id = m.track_id
        left join school.competency_score as s on s.org_id = org and s.competency_id = c.id and s.student_id = m.student_id
        where c.required_level > coalesce(s.level, 0)
    ),
    widest as (
        select g.student_id, (array_agg(g.name order by g.missing desc, g.name))[:3] as names
        from gap as g
        group by g.student_id
    )
    select
        s.id,
        round(r.score, 2),
        round(r.score - r.week_ago, 2),
        case
            when r.score >= m.target_readiness then 0
            -- What would take longer than a lifetime is not rising.
            when r.slope > 0 and (m.target_readiness - r.score) / r.slope::numeric < 36500
                then ceil((m.target_readiness - r.score) / r.slope::numeric)::integer
        end,
        coalesce(w.names, '{}')
    from unnest(students) as s (id)
    left join measured as r on r.student_id = s.id
    left join member as m on m.student_id = s.id
    left join widest as w on w.student_id = s.id;
end
$$;
comment on function board.student_readiness(bigint, uuid[]) is
'How ready students are. score: the last readiness score, per cent. trend_7d: that less the last score of seven or more days ago,
percentage points; null without one. time_to_ready: days until the track''s target_readiness, from the last score along the
least-squares line (regr_slope) through the scores of the last 28 days, rounded up; 0 at the target, null without a track or when
not rising. gaps: the three competencies of the track furthest below their required level (one that was never assessed: 0).
Days are the organization''s.';
revoke all on function board.student_readiness(bigint, uuid[]) from public;
