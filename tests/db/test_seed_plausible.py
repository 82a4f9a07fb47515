"""The synthetic school is as plausible as it claims: correlations, shares and distributions within bounds."""

import pytest

from tests.support.seed import value
from tests.support.servers import Database

PLAUSIBLE = {
    # a student's marks in two courses go together, homework and quizzes too
    "corr(mean, other mean) across courses": (
        """
        with mean as (
            select student_id, course_id, avg(grade) as grade from school.submission group by 1, 2
        )
        select corr(a.grade, b.grade)
        from mean as a
        join mean as b on b.student_id = a.student_id and b.course_id < a.course_id
        """,
        0.3,
        0.9,
    ),
    "corr(homework, quizzes)": (
        """
        select corr(
            assignment_score_sum / nullif(total_assignments_completed, 0),
            quiz_score_sum / nullif(total_quizzes_completed, 0)
        )
        from board.student_performance
        """,
        0.5,
        1,
    ),
    "mean mark": ("select avg(grade) from school.submission", 60, 85),
    "share of enrollments that were dropped": (
        "select avg((status = 'dropped')::int) from school.enrollment",
        0.02,
        0.15,
    ),
    "share of students who left": (
        """
        select avg(gone::int) from (
            select bool_and(status = 'dropped') as gone from school.enrollment group by student_id
        ) as s
        """,
        0.02,
        0.15,
    ),
    "weeks in which people leave": (
        """
        select count(distinct left_on / 7) from (
            select date '2026-01-15' - max(ended_on) as left_on
            from school.enrollment group by student_id having bool_and(status = 'dropped')
        ) as s
        """,
        4,
        12,
    ),
    "least days from start to dropping out": (
        "select min(ended_on - enrolled_on) from school.enrollment",
        14,
        80,
    ),
    "work after dropping out": (
        """
        select count(*) from school.enrollment as e
        join school.assignment as a on a.course_id = e.course_id
        join school.submission as s on s.assignment_id = a.id and s.student_id = e.student_id
        where a.due_at >= e.ended_on
        """,
        0,
        0,
    ),
    "work before dropping out": (
        """
        select count(*) from school.enrollment as e
        join school.submission as s on s.course_id = e.course_id and s.student_id = e.student_id
        where e.ended_on is not null
        """,
        20,
        10000,
    ),
    "difference of marks between who left and who stayed": (
        """
        select avg(s.grade) filter (where e.ended_on is null)
            - avg(s.grade) filter (where e.ended_on is not null)
        from school.submission as s
        join school.enrollment as e on e.student_id = s.student_id and e.course_id = s.course_id
        """,
        2,
        40,
    ),
    "people with several roles": (
        "select count(*) from (select from school.person_role group by person_id having count(*) > 1) as p",
        10,
        40,
    ),
    "teachers who are parents": (
        """
        select count(distinct g.parent_id) from school.guardian as g
        join school.course_teacher as t on t.teacher_id = g.parent_id
        join school.person_role as r on r.person_id = g.parent_id and r.role = 'parent'
        """,
        3,
        3,
    ),
    "students who tutor students of another class": (
        """
        select count(distinct t.tutor_id) from school.tutor_student as t
        join school.enrollment as own on own.student_id = t.tutor_id
        join school.person_role as r on r.person_id = t.tutor_id and r.role = 'tutor'
        where not exists (
            select from school.enrollment as e
            where e.student_id = t.student_id and e.course_id = own.course_id
        )
        """,
        10,
        20,
    ),
    "share of parents with several children": (
        "select avg((n > 1)::int) from (select count(*) as n from school.guardian group by parent_id) as g",
        0.3,
        0.7,
    ),
    "share of siblings in different classes": (
        """
        select avg((not exists (
            select from school.enrollment as one
            join school.enrollment as other on other.course_id = one.course_id
            where one.student_id = a.student_id and other.student_id = b.student_id
        ))::int)
        from school.guardian as a
        join school.guardian as b on b.parent_id = a.parent_id and b.student_id < a.student_id
        """,
        0.9,
        0.99,
    ),
    "share of submissions that are pending": (
        "select avg((submitted_at is null)::int) from school.submission",
        0.05,
        0.25,
    ),
    "share of what is handed in that waits for its mark": (
        "select avg((grade is null)::int) from school.submission where submitted_at is not null",
        0.02,
        0.25,
    ),
    "marks of the future": (
        """
        select count(*) from school.submission
        where graded_at >= '2026-01-15 00:00 Europe/Berlin' or submitted_at > graded_at
            or submitted_at >= '2026-01-15 00:00 Europe/Berlin'
        """,
        0,
        0,
    ),
    "quizzes of the future": (
        "select count(*) from school.quiz_attempt where completed_at >= '2026-01-15 00:00 Europe/Berlin'",
        0,
        0,
    ),
    "days of the last thirty on which something was marked": (
        """
        select count(distinct d::date) from (
            select graded_at from school.submission union all select completed_at from school.quiz_attempt
        ) as w (d)
        where d >= '2025-12-16'
        """,
        28,
        31,
    ),
    "share of students who rise by more than a point a week": (
        """
        select avg((slope > 1)::int) from (
            select regr_slope(score, extract(epoch from completed_at) / 604800) as slope
            from school.quiz_attempt group by student_id
        ) as s
        """,
        0.03,
        0.25,
    ),
    "share of students who fall by more than a point a week": (
        """
        select avg((slope < -1)::int) from (
            select regr_slope(score, extract(epoch from completed_at) / 604800) as slope
            from school.quiz_attempt group by student_id
        ) as s
        """,
        0.03,
        0.25,
    ),
    "members of a cohort of a whole house": (
        "select max(n) from (select count(*) as n from school.cohort_member group by cohort_id) as c",
        50,
        60,
    ),
    "cohorts with more members than seats of a pool": (
        """
        select count(*) from (
            select cohort_id, seat_pool, count(*) as members from school.cohort_member group by 1, 2
        ) as m
        join school.cohort as c on c.id = m.cohort_id
        where m.members > case m.seat_pool
            when 'paid' then c.seats_paid when 'scholarship' then c.seats_scholarship else c.seats_sponsored
        end
        """,
        0,
        0,
    ),
    "share of students without a cohort": (
        """
        select avg((not exists (select from school.cohort_member as m where m.student_id = r.person_id))::int)
        from school.person_role as r where r.role = 'student'
        """,
        0.001,
        0.03,
    ),
    "members who left the school and did not withdraw": (
        """
        select count(*) from school.cohort_member as m
        join (
            select student_id, bool_and(ended_on is not null) and count(distinct ended_on) = 1 as gone
            from school.enrollment group by student_id
        ) as e on e.student_id = m.student_id
        where m.status = 'active' and e.gone
        """,
        0,
        0,
    ),
    "corr(readiness, marks)": (
        """
        select corr(r.score, p.assignment_score_sum / nullif(p.total_assignments_completed, 0))
        from (
            select distinct on (student_id) * from school.readiness_score order by student_id, scored_at desc
        ) as r
        join board.student_performance as p on p.student_id = r.student_id
        """,
        0.5,
        0.95,
    ),
    "median rise of readiness in a week": (
        """
        select percentile_cont(0.5) within group (order by slope) from (
            select regr_slope(score, extract(epoch from scored_at) / 604800) as slope
            from school.readiness_score group by student_id
        ) as s
        """,
        0.3,
        1.5,
    ),
    "share of students whose readiness falls": (
        """
        select avg((slope < 0)::int) from (
            select regr_slope(score, extract(epoch from scored_at) / 604800) as slope
            from school.readiness_score group by student_id
        ) as s
        """,
        0.05,
        0.4,
    ),
    "share of students who are ready": (
        """
        select avg((r.score >= t.target_readiness)::int)
        from (
            select distinct on (student_id) * from school.readiness_score order by student_id, scored_at desc
        ) as r
        join school.cohort_member as m on m.student_id = r.student_id
        join school.cohort as c on c.id = m.cohort_id
        join school.track as t on t.id = c.track_id
        """,
        0.01,
        0.4,
    ),
    "scores of a student's readiness": (
        "select max(n) from (select count(*) as n from school.readiness_score group by student_id) as s",
        12,
        12,
    ),
    "share of competencies below what is required": (
        """
        select avg((s.level < c.required_level)::int)
        from school.competency_score as s join school.competency as c on c.id = s.competency_id
        """,
        0.3,
        0.7,
    ),
    "states of attempts, of which each has some": (
        "select count(*) from (select state from school.mission_attempt group by 1 having count(*) > 5) as s",
        5,
        5,
    ),
    "share of finished attempts that were approved": (
        """
        select avg((state = 'approved')::int) from school.mission_attempt where reviewed_at is not null
        """,
        0.6,
        0.9,
    ),
    "attempts at drafts": (
        """
        select count(*) from school.mission_attempt as a
        join school.mission as m on m.id = a.mission_id where m.status = 'draft'
        """,
        0,
        0,
    ),
    "cohorts with a review that is stalled": (
        """
        select count(distinct m.cohort_id) from school.mission_attempt as a
        join school.cohort_member as m on m.student_id = a.student_id and m.status = 'active'
        where a.state = 'in_review' and a.submitted_at < '2026-01-08 00:00 Europe/Berlin'
        """,
        1,
        1,
    ),
    "reviews that are stalled": (
        """
        select count(*) from school.mission_attempt
        where state = 'in_review' and submitted_at < '2026-01-08 00:00 Europe/Berlin'
        """,
        2,
        12,
    ),
    "share of a month's payments in the current one": (
        """
        select sum(amount) filter (where paid_on >= '2026-01-01')
            / sum(amount) filter (where paid_on >= '2025-12-01' and paid_on < '2026-01-01')
        from school.payment
        """,
        0.6,
        1.2,
    ),
    "share of instalments that are overdue": (
        "select avg((status = 'due')::int) from school.payment where due_on < '2026-01-15'",
        0.01,
        0.1,
    ),
    "payments and refunds of the future": (
        """
        select count(*) from (
            select paid_on from school.payment union all select refunded_on from school.refund
        ) as f (day)
        where day > '2026-01-15'
        """,
        0,
        0,
    ),
    "refunds of before their payment": (
        """
        select count(*) from school.refund as r
        join school.payment as p on p.id = r.payment_id where r.refunded_on < p.paid_on
        """,
        0,
        0,
    ),
    "points for missions beyond the approved ones": (
        """
        select (select count(*) from school.point_award where points = 50)
            - (select count(*) from school.mission_attempt where state = 'approved')
        """,
        0,
        0,
    ),
    "states of portfolio items, of which each has some": (
        "select count(*) from (select state from school.portfolio_item group by 1 having count(*) > 5) as s",
        5,
        5,
    ),
    "reviewed portfolio items without a mark, or marks without a review": (
        """
        select count(*) from school.portfolio_item where (quality is null) <> (reviewed_at is null)
        """,
        0,
        0,
    ),
    "share of past sessions that were held": (
        """
        select avg((status = 'held')::int) from school.mentor_session
        where starts_at < '2026-01-15 00:00 Europe/Berlin'
        """,
        0.75,
        0.97,
    ),
    "future sessions that are not scheduled, past ones that are": (
        """
        select count(*) from school.mentor_session
        where (status = 'scheduled') <> (starts_at >= '2026-01-15 00:00 Europe/Berlin')
        """,
        0,
        0,
    ),
    "share of members who come to a session": (
        """
        select count(a.student_id)::float8 / count(*)
        from school.mentor_session as s
        join school.cohort_member as m on m.cohort_id = s.cohort_id and m.status = 'active'
        left join school.session_attendance as a on a.session_id = s.id and a.student_id = m.student_id
        where s.student_id is null and s.status = 'held'
        """,
        0.6,
        0.95,
    ),
    "attendance of sessions that were not held": (
        """
        select count(*) from school.session_attendance as a
        join school.mentor_session as s on s.id = a.session_id where s.status <> 'held'
        """,
        0,
        0,
    ),
    "cohorts without a next session, a next milestone and an event": (
        """
        select count(*) from school.cohort as c
        where c.status = 'active' and not (
            c.id in (select s.cohort_id from school.mentor_session as s where s.starts_at > '2026-01-16')
            and c.id in (select m.cohort_id from school.milestone as m where m.due_at > '2026-01-16')
            and c.id in (select e.cohort_id from school.calendar_event as e where e.starts_at > '2026-01-16')
        )
        """,
        0,
        0,
    ),
    "habits of a student": (
        "select avg(n) from (select count(*) as n from school.habit group by student_id) as h",
        1.3,
        2.5,
    ),
    "share of days on which habits are kept": (
        """
        select (select count(*) from school.habit_log) / (select 28.0 * count(*) from school.habit)
        """,
        0.3,
        0.75,
    ),
    "students who kept a habit on each of the last seven days": (
        """
        select count(*) from (
            select student_id from school.habit_log where day >= '2026-01-08'
            group by student_id having count(distinct day) = 7
        ) as s
        """,
        10,
        100,
    ),
    "share of goals that were reached": (
        "select avg((completed_at is not null)::int) from school.goal",
        0.2,
        0.6,
    ),
    "share of subscriptions that are free": (
        "select avg((tier = 'free')::int) from school.subscription",
        0.23,
        0.43,
    ),
    "premium subscriptions that expired": (
        """
        select count(*) from school.subscription
        where tier = 'premium' and ends_at <= '2026-01-15 00:00 Europe/Berlin'
        """,
        5,
        30,
    ),
    "premium features that end within a week": (
        """
        select count(*) from school.subscription
        where enhanced_until > '2026-01-15 00:00 Europe/Berlin'
            and enhanced_until <= '2026-01-22 00:00 Europe/Berlin'
        """,
        3,
        30,
    ),
    "share of notifications that are unread": (
        "select avg((read_at is null)::int) from school.notification",
        0.1,
        0.4,
    ),
    "nudges that hold": (
        """
        select count(*) from school.ai_nudge
        where dismissed_at is null and (expires_at is null or expires_at > '2026-01-15 00:00 Europe/Berlin')
        """,
        50,
        250,
    ),
    "facts of programs that are of the future": (
        """
        select count(*) from (
            select scored_at from school.readiness_score
            union all select assessed_at from school.competency_score
            union all select greatest(started_at, submitted_at, reviewed_at) from school.mission_attempt
            union all select greatest(created_at, reviewed_at) from school.portfolio_item
            union all select joined_at from school.session_attendance
            union all select joined_at from school.cohort_member
            union all select day::timestamp at time zone 'Europe/Berlin' from school.habit_log
            union all select greatest(created_at, completed_at) from school.goal
            union all select awarded_at from school.point_award
            union all select awarded_at from school.badge
            union all select greatest(created_at, read_at) from school.notification
            union all select greatest(created_at, dismissed_at) from school.ai_nudge
        ) as f (at)
        where at >= '2026-01-15 00:00 Europe/Berlin'
        """,
        0,
        0,
    ),
}


@pytest.mark.parametrize("claim", PLAUSIBLE)
def test_the_school_is_plausible(synthetic: Database, claim: str) -> None:
    query, least, most = PLAUSIBLE[claim]
    assert least <= float(value(synthetic, query)) <= most
