create or replace function board.director_documents(org bigint, role text, people uuid[]) returns table (
    person_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
)
language plpgsql stable parallel restricted security invoker rows 10
set search_path = ''
set jit = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    money constant text := (select o.currency from school.organization as o where o.org_id = org);
    -- What admins see is the same for all of them: computed for the first.
    whole constant uuid := case when role = 'admin' then people[1] end;
    tracks uuid[];
    cohorts uuid[];
begin
    if whole is null then
        tracks := array(select t.id from school.track as t where t.org_id = org and t.director_id = any (people));
    else
        tracks := array(select t.id from school.track as t where t.org_id = org);
    end if;
    cohorts := array(select c.id from school.cohort as c where c.org_id = org and c.track_id = any (tracks));

    return query
    with program as (
        select coalesce(whole, t.director_id) as holder, count(distinct p.id) as programs
        from school.track as t
        join school.program as p on p.org_id = org and p.id = t.program_id and p.is_active
        where t.org_id = org and t.id = any (tracks)
        group by 1
    ),
    total as (
        select
            coalesce(whole, s.director_id) as holder,
            count(*) filter (where s.status = 'active') as cohorts,
            sum(s.seats_total) filter (where s.status = 'active') as seats_total,
            sum(s.seats_used) filter (where s.status = 'active') as seats_used,
            sum(s.readiness_sum) filter (where s.status = 'active') as readiness_sum,
            sum(s.readiness_students) filter (where s.status = 'active') as readiness_students,
            sum(s.missions_approved) filter (where s.status = 'active') as missions_approved,
            sum(s.missions_due) filter (where s.status = 'active') as missions_due,
            sum(s.students_covered) filter (where s.status = 'active') as students_covered,
            sum(s.members_active) filter (where s.status = 'active') as members_active,
            sum(s.sessions_held) filter (where s.status = 'active') as sessions_held,
            sum(s.sessions_missed) filter (where s.status = 'active') as sessions_missed,
            sum(s.portfolio_health_sum) filter (where s.status = 'active') as portfolio_health_sum,
            sum(s.portfolio_students) filter (where s.status = 'active') as portfolio_students,
            sum(s.revenue_month) as revenue_month,
            sum(s.refunds_month) as refunds_month
        from board.cohort_states(org, cohorts, false) as s
        group by 1
    )
    select
        m.id,
        json_build_object(
            'active_programs_count', coalesce(p.programs, 0),
            'active_cohorts_count', coalesce(t.cohorts, 0),
            'total_seats', coalesce(t.seats_total, 0),
            'seats_used', coalesce(t.seats_used, 0),
            'seat_utilization', board.share(t.seats_used, t.seats_total),
            'avg_readiness', round(t.readiness_sum / nullif(t.readiness_students, 0), 2),
            'avg_completion_rate', board.share(t.missions_approved, t.missions_due),
            'mentor_coverage_pct', board.share(t.students_covered, t.members_active),
            'mentor_session_completion_pct', board.share(t.sessions_held, t.sessions_held + t.sessions_missed),
            'avg_portfolio_health', round(t.portfolio_health_sum / nullif(t.portfolio_students, 0), 2),
            'revenue_this_month', coalesce(t.revenue_month, 0),
            'refunds_this_month', coalesce(t.refunds_month, 0),
            'currency', money,
            'alerts', a.alerts
        ),
        '{}'::uuid[],
        least(now() + interval '15 minutes', clock.midnight),
        board.snapshot()
    from unnest(people) as m (id)
    join board.alert_summary(org, role, people) as a on a.person_id = m.id
    left join program as p on p.holder = coalesce(whole, m.id)
    left join total as t on t.holder = coalesce(whole, m.id);
end
$$;
comment on function board.director_documents(bigint, text, uuid[]) is
'The summaries of directors, or of admins, as of now, for one or for many, as board.dashboard_cache keeps them: over the tracks that name the director, or all of the
organization. active_programs_count: active programs of these tracks. Of the active cohorts: active_cohorts_count, total_seats, seats_used and
seat_utilization, avg_readiness, avg_completion_rate, mentor_coverage_pct, mentor_session_completion_pct, avg_portfolio_health, each the sum over the
sum of what board.cohort_states says, per cent, null of nothing. Of all cohorts: revenue_this_month and refunds_this_month, in currency. alerts:
board.alert_summary. Each person once.';
revoke all on function board.director_documents(bigint, text, uuid[]) from public;
