create or replace view board.cohort_member_progress_recount
with (security_invoker = true) as
select
    m.org_id, m.cohort_id, m.student_id,
    a.started as missions_started,
    a.submitted as missions_submitted,
    a.in_review as missions_in_review,
    a.approved as missions_approved,
    a.rejected as missions_rejected,
    a.approval_seconds,
    i.items as portfolio_items,
    i.approved as portfolio_approved,
    (m.status = 'active')::integer as active,
    (m.status = 'completed')::integer as completed,
    (m.status = 'withdrawn')::integer as withdrawn,
    (m.seat_pool = 'paid' and m.status <> 'withdrawn')::integer as used_paid,
    (m.seat_pool = 'scholarship' and m.status <> 'withdrawn')::integer as used_scholarship,
    (m.seat_pool = 'sponsored' and m.status <> 'withdrawn')::integer as used_sponsored,
    (r.score is not null)::integer as readiness_students,
    coalesce(r.score, 0)::numeric as readiness_sum,
    (i.items > 0)::integer as portfolio_students,
    coalesce(i.health, 0) as portfolio_health_sum
from school.cohort_member as m
join school.cohort as c on c.org_id = m.org_id and c.id = m.cohort_id
-- Student by student, so that one is counted as quickly among millions, and a hundred thousand in one go.
left join lateral (
    select s.score
    from school.readiness_score as s
    where m.status <> 'withdrawn' and s.org_id = m.org_id and s.student_id = m.student_id
    order by s.scored_at desc
    limit 1
) as r on true
cross join lateral (
    select
        (count(*) filter (where t.state = 'started'))::integer as started,
        (count(*) filter (where t.state = 'submitted'))::integer as submitted,
        (count(*) filter (where t.state = 'in_review'))::integer as in_review,
        (count(*) filter (where t.state = 'approved'))::integer as approved,
        (count(*) filter (where t.state = 'rejected'))::integer as rejected,
        coalesce(
            sum(extract(epoch from t.reviewed_at - t.submitted_at)) filter (where t.state = 'approved'), 0
        )::numeric as approval_seconds
    from school.mission_attempt as t
    join school.mission as n on n.org_id = t.org_id and n.id = t.mission_id
    where m.status <> 'withdrawn' and t.org_id = m.org_id and t.student_id = m.student_id
        and n.track_id = c.track_id and n.status <> 'draft'
) as a
cross join lateral (
    select
        count(*)::integer as items,
        (count(*) filter (where p.state = 'approved'))::integer as approved,
        board.portfolio_health(avg(p.quality), count(*) filter (where p.state = 'approved'), count(*)) as health
    from school.portfolio_item as p
    where m.status <> 'withdrawn' and p.org_id = m.org_id and p.student_id = m.student_id
) as i;
comment on view board.cohort_member_progress_recount is
'What board.cohort_member_progress should hold, counted from the facts: it is what board.count_members compares with, too. Conditions on
organization and student reach the facts.';
