create or replace view analytics.cohort_performance
with (security_invoker = true) as
select
    c.org_id, p.cohort_id, p.track_id, p.program_id, p.director_id, p.name, p.track_name, p.program_name, p.starts_on, p.ends_on,
    p.mode, p.status, p.seats_total, p.seats_used, p.seats_paid, p.seats_scholarship, p.seats_sponsored, p.used_paid,
    p.used_scholarship, p.used_sponsored, p.seat_utilization, p.members_active, p.members_completed, p.members_withdrawn,
    p.readiness, p.readiness_students, p.readiness_sum, p.completion_rate, p.missions_due, p.missions_started,
    p.missions_submitted, p.missions_in_review, p.missions_approved, p.missions_rejected, p.approval_seconds, p.portfolio_health,
    p.portfolio_students, p.portfolio_health_sum, p.portfolio_items, p.portfolio_approved, p.mentors, p.mentor_coverage,
    p.students_covered, p.session_completion, p.sessions_scheduled, p.sessions_held, p.sessions_missed, p.sessions_cancelled,
    p.stalled_reviews, p.payments_due, p.due_amount, p.payments_overdue, p.overdue_amount, p.payments_paid, p.paid_amount,
    p.refunds, p.refunded_amount, p.revenue_month, p.refunds_month
from (
    -- Whose cohorts: as the policies of the table say.
    select k.org_id, array_agg(k.id) as ids from school.cohort as k group by k.org_id
) as c
cross join lateral board.cohort_performance(c.org_id, c.ids) as p;
comment on view analytics.cohort_performance is
'How does each cohort do at this moment? One row per cohort of the organization. (Only analysts and admins have logins; requests of the API run under the
same rules, in which directors read the cohorts of their tracks, mentors those accompanied, without payments.)
Example: select name, readiness, completion_rate from analytics.cohort_performance where status = ''active'' order by readiness nulls last;';
comment on column analytics.cohort_performance.org_id is 'The organization.';
comment on column analytics.cohort_performance.cohort_id is 'The cohort: school.cohort.id.';
comment on column analytics.cohort_performance.track_id is 'Its track: school.track.id.';
comment on column analytics.cohort_performance.program_id is 'The track''s program: school.program.id.';
comment on column analytics.cohort_performance.director_id is 'Who directs the track; null where nobody does.';
comment on column analytics.cohort_performance.name is 'Name of the cohort.';
comment on column analytics.cohort_performance.track_name is 'Name of the track.';
comment on column analytics.cohort_performance.program_name is 'Name of the program.';
comment on column analytics.cohort_performance.starts_on is 'First day, in the organization''s time zone.';
comment on column analytics.cohort_performance.ends_on is 'Last day, in the organization''s time zone.';
comment on column analytics.cohort_performance.mode is 'online, onsite or hybrid.';
comment on column analytics.cohort_performance.status is 'planned, active or closed.';
comment on column analytics.cohort_performance.seats_total is 'Seats of all pools.';
comment on column analytics.cohort_performance.seats_used is 'Members who have not withdrawn.';
comment on column analytics.cohort_performance.seats_paid is 'Seats for students who pay.';
comment on column analytics.cohort_performance.seats_scholarship is 'Seats for students on a scholarship.';
comment on column analytics.cohort_performance.seats_sponsored is 'Seats for students whom a sponsor pays for.';
comment on column analytics.cohort_performance.used_paid is 'Paid seats that are taken.';
comment on column analytics.cohort_performance.used_scholarship is 'Scholarship seats that are taken.';
comment on column analytics.cohort_performance.used_sponsored is 'Sponsored seats that are taken.';
comment on column analytics.cohort_performance.seat_utilization is 'seats_used of seats_total, per cent; null without seats.';
comment on column analytics.cohort_performance.members_active is 'Active members.';
comment on column analytics.cohort_performance.members_completed is 'Members who have completed the cohort. Where an average speaks of members, they are these and the active.';
comment on column analytics.cohort_performance.members_withdrawn is 'Members who have withdrawn.';
comment on column analytics.cohort_performance.readiness is 'Mean of the members'' newest readiness scores, per cent; null without one.';
comment on column analytics.cohort_performance.readiness_students is 'Members who have a readiness score.';
comment on column analytics.cohort_performance.readiness_sum is 'Sum of their newest scores: add these up to average over several cohorts.';
comment on column analytics.cohort_performance.completion_rate is 'missions_approved of missions_due, per cent.';
comment on column analytics.cohort_performance.missions_due is 'Members times missions of the track that are no drafts.';
comment on column analytics.cohort_performance.missions_started is 'Attempts at these missions in state started.';
comment on column analytics.cohort_performance.missions_submitted is 'Likewise submitted.';
comment on column analytics.cohort_performance.missions_in_review is 'Likewise in review.';
comment on column analytics.cohort_performance.missions_approved is 'Likewise approved.';
comment on column analytics.cohort_performance.missions_rejected is 'Likewise rejected.';
comment on column analytics.cohort_performance.approval_seconds is 'Sum of the seconds from handing in to approval, of the approved.';
comment on column analytics.cohort_performance.portfolio_health is 'Mean health of the members'' portfolios, 0 to 100; null without one.';
comment on column analytics.cohort_performance.portfolio_students is 'Members whose portfolio has an item.';
comment on column analytics.cohort_performance.portfolio_health_sum is 'Sum of their health.';
comment on column analytics.cohort_performance.portfolio_items is 'Items of their portfolios.';
comment on column analytics.cohort_performance.portfolio_approved is 'Approved ones of these.';
comment on column analytics.cohort_performance.mentors is 'Mentors of the cohort.';
comment on column analytics.cohort_performance.mentor_coverage is 'students_covered of members_active, per cent.';
comment on column analytics.cohort_performance.students_covered is 'Active members for whom there is room with a mentor (setting mentor_capacity each).';
comment on column analytics.cohort_performance.session_completion is 'sessions_held of those held or missed, per cent.';
comment on column analytics.cohort_performance.sessions_scheduled is 'Mentors'' sessions that are to come.';
comment on column analytics.cohort_performance.sessions_held is 'Sessions that were held.';
comment on column analytics.cohort_performance.sessions_missed is 'Sessions that were missed.';
comment on column analytics.cohort_performance.sessions_cancelled is 'Sessions that were cancelled.';
comment on column analytics.cohort_performance.stalled_reviews is 'Attempts that have waited for their review for setting stalled_review_days.';
comment on column analytics.cohort_performance.payments_due is 'Payments that are due, overdue or not. This and all about payments below is null under the rules of mentors.';
comment on column analytics.cohort_performance.due_amount is 'Sum of their amounts, in the organization''s currency.';
comment on column analytics.cohort_performance.payments_overdue is 'Payments due before the organization''s today.';
comment on column analytics.cohort_performance.overdue_amount is 'Sum of their amounts.';
comment on column analytics.cohort_performance.payments_paid is 'Payments that were paid.';
comment on column analytics.cohort_performance.paid_amount is 'Sum of their amounts.';
comment on column analytics.cohort_performance.refunds is 'Refunds.';
comment on column analytics.cohort_performance.refunded_amount is 'Sum of their amounts.';
comment on column analytics.cohort_performance.revenue_month is 'What was paid in the organization''s current month.';
comment on column analytics.cohort_performance.refunds_month is 'What was refunded in it.';
grant select on analytics.cohort_performance to homeroom_analyst, homeroom_admin, homeroom_director, homeroom_mentor;
