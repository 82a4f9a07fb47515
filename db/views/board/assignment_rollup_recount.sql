create or replace view board.assignment_rollup_recount
with (security_invoker = true) as
select
    s.org_id, s.course_id, s.assignment_id,
    count(*) filter (where s.grade is null and s.submitted_at is null) as pending_submissions,
    count(*) filter (where s.grade is null and s.submitted_at is not null) as ungraded_submissions,
    count(s.grade) as total_assignments_completed,
    coalesce(sum(s.grade), 0) as assignment_score_sum
from school.submission as s
group by s.org_id, s.course_id, s.assignment_id;
comment on view board.assignment_rollup_recount is 'What board.assignment_rollup and its deltas should add up to, counted from the facts.';
