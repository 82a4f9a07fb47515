create or replace function board.cohort_documents(org bigint, cohorts uuid[]) returns table (
    cohort_id uuid, document json, scopes uuid[], fresh_until timestamptz, computed_in pg_snapshot
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
    money constant text := (select o.currency from school.organization as o where o.org_id = org);
begin
    return query
    with milestone as (
        select l.cohort_id, min(l.due_at) as due_at
        from school.milestone as l
        where l.org_id = org and l.cohort_id = any (cohorts) and l.due_at > now()
        group by l.cohort_id
    )
    select
        s.cohort_id,
        json_build_object(
            'cohort', i.item,
            'enrollment', json_build_object('by_status', e.by_status, 'by_week', e.by_week),
            'mentors', coalesce(g.mentors, '[]'),
            'readiness_distribution', r.distribution,
            'competency_heatmap', coalesce(k.heatmap, '[]'),
            'mission_funnel', json_build_object(
                'started', f.submitted + s.missions_started,
                'submitted', f.submitted,
                'in_review', f.in_review,
                'approved', s.missions_approved,
                'rejected', s.missions_rejected,
                'states', json_build_object(
                    'started', s.missions_started, 'submitted', s.missions_submitted, 'in_review', s.missions_in_review,
                    'approved', s.missions_approved, 'rejected', s.missions_rejected
                ),
                'median_approval_hours', a.median_hours
            ),
            'portfolio', json_build_object(
                'health', s.portfolio_health, 'students', s.portfolio_students,
                'students_without', s.members_active + s.members_completed - s.portfolio_students, 'items', s.portfolio_items,
                'draft', coalesce(p.draft, 0), 'submitted', coalesce(p.submitted, 0), 'in_review', coalesce(p.in_review, 0),
                'approved', coalesce(p.approved, 0), 'rejected', coalesce(p.rejected, 0), 'quality', p.quality
            ),
            'payments', json_build_object(
                'currency', money,
                'paid', json_build_object('count', s.payments_paid, 'amount', s.paid_amount),
                'due', json_build_object('count', s.payments_due, 'amount', s.due_amount),
                'overdue', json_build_object('count', s.payments_overdue, 'amount', s.overdue_amount),
                'refunded', json_build_object('count', s.refunds, 'amount', s.refunded_amount),
                'by_month', coalesce(m.months, '[]')
            ),
            'alerts', coalesce(x.alerts, '[]')
        ),
        coalesce(g.ids, '{}') || s.track_id,
        least(now() + interval '15 minutes', s.changes_at, l.due_at),
        board.snapshot()
    from board.cohort_states(org, cohorts) as s
    -- Who is further on counts in all stages before.
    cross join lateral (
        select t.in_review, t.in_review + s.missions_submitted as submitted
        from (select s.missions_in_review + s.missions_approved + s.missions_rejected as in_review) as t
    ) as f
    left join board.cohort_items(org, cohorts) as i on i.cohort_id = s.cohort_id
    left join board.cohort_enrollment(org, cohorts) as e on e.cohort_id = s.cohort_id
    left join board.cohort_mentors(org, cohorts) as g on g.cohort_id = s.cohort_id
    left join board.cohort_readiness(org, cohorts) as r on r.cohort_id = s.cohort_id
    left join board.cohort_competencies(org, cohorts) as k on k.cohort_id = s.cohort_id
    left join board.cohort_approvals(org, cohorts) as a on a.cohort_id = s.cohort_id
    left join board.cohort_portfolios(org, cohorts) as p on p.cohort_id = s.cohort_id
    left join board.cohort_months(org, cohorts) as m on m.cohort_id = s.cohort_id
    left join board.cohort_alerts(org, cohorts) as x on x.cohort_id = s.cohort_id
    left join milestone as l on l.cohort_id = s.cohort_id;
end
$$;
comment on function board.cohort_documents(bigint, uuid[]) is
'The pages of cohorts as of now, for one or for many, as board.director_cohort_dashboard keeps them: cohort (board.cohort_items), enrollment
(board.cohort_enrollment), mentors (board.cohort_mentors), readiness_distribution (board.cohort_readiness), competency_heatmap (board.cohort_competencies);
mission_funnel: how many attempts at the track''s missions came at least so far, states: where they stand, and the median time to approval
(board.cohort_approvals); portfolio (board.cohort_portfolios), payments: counts and amounts in the currency, and by month (board.cohort_months); alerts: those
that are open. Where an average speaks of members, they are the active and the completed.';
revoke all on function board.cohort_documents(bigint, uuid[]) from public;
