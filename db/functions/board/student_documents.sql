create or replace function board.student_documents(org bigint, students uuid[]) returns setof board.student_dashboard_cache
language plpgsql stable parallel restricted security invoker
set search_path = ''
-- Nine functions joined look dear to the planner, who knows not that each student comes once.
set jit = off
as $$
#variable_conflict use_column
declare
    clock record := board.clock(org);
    masked_tiers constant text[] := array(select distinct m.tier from ops.tier_mask as m);
begin
    -- The document is json, which is text: what is in it is copied, not taken apart. Only what is masked has to be.
    return query
    select
        org, s.id, 0::bigint, now(),
        least(
            now() + interval '15 minutes', clock.midnight, u.changes_at, c.changes_at, t.changes_at, m.nudge_expires_at,
            flag.review_until, flag.nudge_until
        ),
        null::timestamptz,
        board.snapshot(),
        coalesce(o.ids, '{}'),
        case when u.tier = any (masked_tiers) then board.masked(whole.document::jsonb, u.tier)::json else whole.document end,
        u.tier, c.cohort_id, r.score, r.trend_7d, r.time_to_ready, q.points, h.streak_days, q.badges, i.approved,
        i.submitted + i.in_review, q.hours_this_week, h.habits_today, h.habits_done_today, h.active_goals, p.health,
        t.assignments_due, t.assignments_overdue, t.assignments_ungraded, m.unread, m.urgent
    from unnest(students) as s (id)
    join board.student_readiness(org, students) as r on r.student_id = s.id
    join board.student_missions(org, students) as i on i.student_id = s.id
    join board.student_portfolio(org, students) as p on p.student_id = s.id
    join board.student_coaching(org, students) as h on h.student_id = s.id
    join board.student_stats(org, students) as q on q.student_id = s.id
    join board.student_subscription(org, students) as u on u.student_id = s.id
    join board.student_messages(org, students) as m on m.student_id = s.id
    join board.student_today(org, students) as t on t.student_id = s.id
    left join board.student_cohort(org, students) as c on c.student_id = s.id
    left join board.student_scopes(org, students) as o on o.student_id = s.id
    cross join lateral (
        -- News for a day.
        select
            (
                select max(n.at) + interval '24 hours'
                from unnest(array[i.last_review, p.last_review]) as n (at)
                where n.at > now() - interval '24 hours'
            ) as review_until,
            case when m.nudge_created_at > now() - interval '24 hours' then m.nudge_created_at + interval '24 hours' end as nudge_until
    ) as flag
    cross join lateral (
        select json_build_object(
                'readiness', json_build_object(
                    'score', r.score, 'time_to_ready', r.time_to_ready, 'trend_7d', board.signed(r.trend_7d), 'gaps', r.gaps
                ),
                'today', json_build_object('primary_action', t.primary_action, 'secondary_actions', t.secondary_actions),
                'quick_stats', json_build_object(
                    'points', q.points, 'streak_days', h.streak_days, 'badges', q.badges,
                    'missions_completed', i.approved, 'hours_this_week', q.hours_this_week
                ),
                'cards', json_build_object(
                    'coaching', json_build_object(
                        'habits_done', h.habits_done_today, 'habits_total', h.habits_today, 'active_goals', h.active_goals,
                        'streak_days', h.streak_days
                    ),
                    'missions', json_build_object(
                        'started', i.started, 'submitted', i.submitted, 'in_review', i.in_review, 'approved', i.approved,
                        'rejected', i.rejected, 'missions_in_review', i.submitted + i.in_review
                    ),
                    'portfolio', json_build_object(
                        'draft', p.draft, 'submitted', p.submitted, 'in_review', p.in_review, 'approved', p.approved,
                        'rejected', p.rejected, 'health', p.health
                    ),
                    'cohort', case when c.cohort_id is null then '{"cta": "Join cohort"}'::json else json_build_object(
                        'id', c.cohort_id, 'name', c.name, 'next_event', c.next_event, 'mentor', c.mentor, 'completion', c.completion
                    ) end,
                    'subscription', case
                        when u.enhanced_access_expiring then json_build_object(
                            'tier', u.tier, 'days_left', u.days_left, 'warning', 'Enhanced access ends within 7 days'
                        )
                        else json_build_object('tier', u.tier, 'days_left', u.days_left)
                    end,
                    'assignments', json_build_object(
                        'due', t.assignments_due, 'overdue', t.assignments_overdue, 'ungraded', t.assignments_ungraded
                    )
                ),
                'notifications', json_build_object('unread', m.unread, 'urgent', m.urgent, 'latest', m.latest),
                'ai_nudge', m.nudge,
                'ai_nudge_id', m.nudge_id,
                'flags', json_build_object(
                    'live_session_now', coalesce(c.live_session, false),
                    'review_arrived', flag.review_until is not null,
                    'nudge_new', flag.nudge_until is not null,
                    'deadline_today', t.deadline_today,
                    'enhanced_access_expiring', u.enhanced_access_expiring
                ),
                'missions_in_review', i.submitted + i.in_review,
                'sources', '{}'::json
            ) as document
    ) as whole;
end
$$;
comment on function board.student_documents(bigint, uuid[]) is
'The dashboards of students as of now, for one or for thousands: rows as board.student_dashboard_cache keeps them (version 0, not yet
seen). The document is the student''s: masked by tier. What its parts mean, the functions board.student_* say. missions_in_review:
submitted or in review. flags.review_arrived: a mission or a portfolio item was reviewed within 24 hours; nudge_new: the nudge is not
older. fresh_until: when the first of the parts changes by itself, midnight in the organization or in 15 minutes. Each student once.';
revoke all on function board.student_documents(bigint, uuid[]) from public;
