-- What belongs to the members first to last, student s in cohort s / members: called by so many cohorts a transaction.
insert into school.cohort_member (org_id, cohort_id, student_id, seat_pool, joined_at)
select 1, md5('cohort' || s / %(members)s)::uuid, md5('student' || s)::uuid, (array['paid', 'paid', 'scholarship'])[1 + s %% 3],
    now() - interval '60 days' + s %% 30 * interval '1 day'
from generate_series(%(first)s, %(last)s) as s;
insert into school.readiness_score (org_id, student_id, scored_at, score)
select 1, md5('student' || s)::uuid, now() - k * interval '14 days', (s * 7 + k * 13) %% 101
from generate_series(%(first)s, %(last)s) as s cross join generate_series(1, 3) as k;
insert into school.competency_score (org_id, competency_id, student_id, level)
select 1, md5('competency' || s / %(members)s %% %(tracks)s || '/' || k)::uuid, md5('student' || s)::uuid, (s * 11 + k * 17) %% 101
from generate_series(%(first)s, %(last)s) as s cross join generate_series(1, 5) as k;
insert into school.mission_attempt (org_id, mission_id, student_id, state, started_at, submitted_at, review_started_at, reviewed_at)
select
    1, md5('mission' || s / %(members)s %% %(tracks)s || '/' || k)::uuid, md5('student' || s)::uuid, t.state, now() - interval '30 days',
    case when t.state <> 'started' then now() - interval '20 days' end,
    case when t.state in ('in_review', 'approved') then now() - interval '19 days' end,
    case when t.state = 'approved' then now() - (18 - s %% 5) * interval '1 day' end
from generate_series(%(first)s, %(last)s) as s
cross join generate_series(1, 6) as k
cross join lateral (
    select case when (s + k) %% 100 = 0 then 'in_review' when (s + k) %% 4 = 0 then 'started' else 'approved' end as state
) as t;
insert into school.portfolio_item (org_id, student_id, title, state, quality, reviewed_at)
select 1, md5('student' || s)::uuid, 'Work ' || k, case k when 1 then 'approved' else 'draft' end,
    case k when 1 then (s * 3) %% 101 end, case k when 1 then now() end
from generate_series(%(first)s, %(last)s) as s cross join generate_series(1, 2) as k;
insert into school.payment (org_id, cohort_id, student_id, amount, status, due_on, paid_on)
select
    1, md5('cohort' || s / %(members)s)::uuid, md5('student' || s)::uuid, 500, case when s %% 10 < 8 then 'paid' else 'due' end,
    current_date + s %% 40, case when s %% 10 < 8 then current_date - s %% 50 end
from generate_series(%(first)s, %(last)s) as s;
