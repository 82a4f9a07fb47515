create or replace view board.director_dashboard_cache
with (security_invoker = true) as
select
    c.org_id, c.role, c.person_id, c.version, c.updated_at, c.fresh_until, c.seen_at, c.document,
    (c.document ->> 'active_programs_count')::bigint as active_programs_count,
    (c.document ->> 'active_cohorts_count')::bigint as active_cohorts_count,
    (c.document ->> 'total_seats')::bigint as total_seats,
    (c.document ->> 'seats_used')::bigint as seats_used,
    (c.document ->> 'seat_utilization')::numeric as seat_utilization,
    (c.document ->> 'avg_readiness')::numeric as avg_readiness,
    (c.document ->> 'avg_completion_rate')::numeric as avg_completion_rate,
    (c.document ->> 'mentor_coverage_pct')::numeric as mentor_coverage_pct,
    (c.document ->> 'mentor_session_completion_pct')::numeric as mentor_session_completion_pct,
    (c.document ->> 'avg_portfolio_health')::numeric as avg_portfolio_health,
    (c.document ->> 'revenue_this_month')::numeric as revenue_this_month,
    (c.document ->> 'refunds_this_month')::numeric as refunds_this_month,
    c.document ->> 'currency' as currency,
    (c.document #>> '{alerts,open}')::bigint as alerts_open
from board.dashboard_cache as c
where c.role in ('director', 'admin');
comment on view board.director_dashboard_cache is
'The summaries of directors and admins as they were computed last, one row each: board.director_documents says what the numbers are. Five minutes old at most; for what is
never out of date, read board.dashboard(). Admins read those of their organization.';
comment on column board.director_dashboard_cache.org_id is 'The organization.';
comment on column board.director_dashboard_cache.role is 'director or admin.';
comment on column board.director_dashboard_cache.person_id is 'Whose summary: school.person.id.';
comment on column board.director_dashboard_cache.version is 'Grows by one whenever the summary changes.';
comment on column board.director_dashboard_cache.updated_at is 'When it was computed; null while it never was.';
comment on column board.director_dashboard_cache.fresh_until is 'When time alone changes it next.';
comment on column board.director_dashboard_cache.seen_at is 'When the person read it last, to the hour.';
comment on column board.director_dashboard_cache.active_programs_count is 'Active programs of the tracks directed.';
comment on column board.director_dashboard_cache.active_cohorts_count is 'Cohorts with status active; what follows is of these.';
comment on column board.director_dashboard_cache.total_seats is 'Seats of all pools.';
comment on column board.director_dashboard_cache.seats_used is 'Members who have not withdrawn.';
comment on column board.director_dashboard_cache.seat_utilization is 'seats_used of total_seats, per cent.';
comment on column board.director_dashboard_cache.avg_readiness is 'Mean of the members'' newest readiness scores, per cent.';
comment on column board.director_dashboard_cache.avg_completion_rate is 'Missions approved, of those that the members have to do, per cent.';
comment on column board.director_dashboard_cache.mentor_coverage_pct is 'Active members for whom there is room with a mentor, per cent.';
comment on column board.director_dashboard_cache.mentor_session_completion_pct is 'Mentor sessions held, of those held or missed, per cent.';
comment on column board.director_dashboard_cache.avg_portfolio_health is 'Mean health of the members'' portfolios, 0 to 100.';
comment on column board.director_dashboard_cache.revenue_this_month is 'What was paid in the organization''s current month, of all cohorts, also closed ones.';
comment on column board.director_dashboard_cache.refunds_this_month is 'What was refunded in it.';
comment on column board.director_dashboard_cache.currency is 'In which the amounts are.';
comment on column board.director_dashboard_cache.alerts_open is 'Open alerts.';
comment on column board.director_dashboard_cache.document is 'The summary.';
grant select on board.director_dashboard_cache to homeroom_admin;
