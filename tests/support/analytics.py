"""The analytics views counted again from the facts, a scalar count per number, in SQL of other words."""

from typing import Any

import psycopg

from tests.support import states

# Changes to the facts of seeded schools, chosen by bytes of their ids: the same in every run.
CHANGES = """
-- Regraded, graded late (at an hour of another day in UTC than at the school), taken back, not handed in.
update school.submission set grade = 100 - grade
where grade is not null and get_byte(uuid_send(id), 0) < 40;
update school.submission
set grade = 12.345678, graded_at = date_trunc('day', now()) + interval '23 hours 30 minutes'
where grade is null and get_byte(uuid_send(id), 0) < 80;
update school.submission set grade = null, graded_at = null where grade > 99;
update school.submission set submitted_at = null
where grade is null and get_byte(uuid_send(id), 1) < 60;
-- No score after all, at another hour, deleted.
update school.quiz_attempt set score = null where get_byte(uuid_send(id), 0) < 20;
update school.quiz_attempt set completed_at = completed_at + interval '11 hours'
where get_byte(uuid_send(id), 1) < 60;
delete from school.quiz_attempt where get_byte(uuid_send(id), 2) < 20;
-- Dropped, re-enrolled, completed, never enrolled.
update school.enrollment set status = 'dropped'
where status = 'active' and get_byte(uuid_send(student_id), 3) < 30;
update school.enrollment set status = 'active', ended_on = null
where status = 'dropped' and get_byte(uuid_send(course_id), 3) < 80;
update school.enrollment set status = 'completed'
where status = 'active' and get_byte(uuid_send(student_id), 4) < 30;
delete from school.enrollment where get_byte(uuid_send(student_id), 5) < 12;
-- Work that goes away or moves to another course; who is no student any more.
-- A course without students, a student without courses.
delete from school.assignment where get_byte(uuid_send(id), 6) < 20;
update school.assignment as a
set course_id = (
    select b.id from school.course as b where b.org_id = a.org_id and b.code like 'MATH%' limit 1
)
where get_byte(uuid_send(a.id), 7) < 20;
delete from school.person_role where role = 'student' and get_byte(uuid_send(person_id), 8) < 20;
insert into school.course (org_id, code, title) select org_id, 'NONE-1', 'Nobody''s' from school.organization;
with beginner as (
    insert into school.person (org_id, name)
    select org_id, 'Nothing Yet' from school.organization
    returning org_id, id
)
insert into school.person_role (org_id, person_id, role) select org_id, id, 'student' from beginner;
insert into school.interaction (org_id, occurred_at, student_id, agent_type)
select org_id, date_trunc('day', now()) - interval '30 minutes', person_id, 'forum'
from school.person_role where role = 'student' limit 7;
"""

SUMS = "total_quizzes_completed, quiz_score_sum, total_assignments_completed, assignment_score_sum"
MEANS = "quiz_average_score, assignment_average_score, average_score"
OVERALL = "overall_quiz_average_score, overall_assignment_average_score, overall_average_score"
WAITING = "pending_submissions, ungraded_submissions"

# Of a fact w: does its enrollment count, and which is its organization's zone?
COUNTED = """exists (
    select from school.enrollment e
    where (e.org_id, e.student_id, e.course_id) = (w.org_id, w.student_id, w.course_id)
        and e.status <> 'dropped'
)"""
LOCAL = "at time zone (select o.time_zone from school.organization o where o.org_id = w.org_id)"


def _numbers(table: str, work: str) -> str:
    """(select …) of `table`'s rows r with their numbers; `work` says of a fact w whether it is r's.

    q, qs: quizzes, their sum; a, s: assignments, their sum; mq, ma, m: means; p, u: pending, ungraded.
    """
    quiz = f"from school.quiz_attempt w where {work} and w.completed_at is not null and w.score is not null"
    paper = f"from school.submission w where {work} and w.grade is"
    return f"""(
        select n.*,
            case when q > 0 then round(qs / q, 2) end as mq, case when a > 0 then round(s / a, 2) end as ma,
            case when q + a > 0 then round((qs + s) / (q + a), 2) end as m
        from (
            select r.*, (select count(*) {quiz}) as q, (select coalesce(sum(w.score), 0) {quiz}) as qs,
                (select count(*) {paper} not null) as a,
                (select coalesce(sum(w.grade), 0) {paper} not null) as s,
                (select count(*) {paper} null and w.submitted_at is null) as p,
                (select count(*) {paper} null and w.submitted_at is not null) as u
            from {table} r
        ) as n
    )"""


# Per view: some of its columns, and the query that answers the same from the facts.
VIEWS = {
    "organization_performance": (
        f"org_id, organization_name, students, enrollments, {SUMS}, {MEANS}, {WAITING}",
        f"""
        select org_id, name,
            (select count(*) from school.person_role x where x.org_id = r.org_id and x.role = 'student'),
            (select count(*) from school.enrollment x where x.org_id = r.org_id and x.status <> 'dropped'),
            q, qs, a, s, mq, ma, m, p, u
        from {_numbers("school.organization", f"w.org_id = r.org_id and {COUNTED}")} as r
        """,
    ),
    "course_performance": (
        f"org_id, course_id, course_code, course_title, enrollments, {SUMS}, {MEANS}, {WAITING}",
        f"""
        select org_id, id, code, title,
            (
                select count(*) from school.enrollment x
                where x.org_id = r.org_id and x.course_id = r.id and x.status <> 'dropped'
            ),
            q, qs, a, s, mq, ma, m, p, u
        from {_numbers("school.course", f"(w.org_id, w.course_id) = (r.org_id, r.id) and {COUNTED}")} as r
        """,
    ),
    "cohort_performance": (
        "org_id, cohort_id, status, " + ", ".join(states.COUNTED),
        states.RECOUNT,
    ),
    "student_performance": (
        f"org_id, student_id, student_name, is_student, {SUMS}, {OVERALL}",
        f"""
        select org_id, id, name, (org_id, id, 'student') in (select * from school.person_role),
            q, qs, a, s, mq, ma, m
        from {_numbers("school.person", f"(w.org_id, w.student_id) = (r.org_id, r.id) and {COUNTED}")} as r
        where q + a > 0 or (org_id, id, 'student') in (select * from school.person_role)
        """,
    ),
    "student_course_performance": (
        f"org_id, student_id, course_id, enrollment_status, {SUMS}, {MEANS}, {WAITING}",
        f"""
        select org_id, student_id, course_id, status, q, qs, a, s, mq, ma, m, p, u
        from {
            _numbers(
                "school.enrollment",
                "(w.org_id, w.student_id, w.course_id) = (r.org_id, r.student_id, r.course_id)",
            )
        } as r
        """,
    ),
    "student_performance_history": (
        f"org_id, student_id, day, {SUMS}, {OVERALL}",
        f"""
        with fact as materialized (
            select org_id, student_id, (least(completed_at, now()) {LOCAL})::date as day,
                score as q, null::numeric as a
            from school.quiz_attempt w where completed_at is not null and score is not null and {COUNTED}
            union all
            select org_id, student_id, (least(graded_at, now()) {LOCAL})::date, null, grade
            from school.submission w where grade is not null and {COUNTED}
        )
        select d.org_id, d.student_id, d.day, count(q), coalesce(sum(q), 0), count(a), coalesce(sum(a), 0),
            round(avg(q), 2), round(avg(a), 2), round(avg(coalesce(q, a)), 2)
        from (select distinct org_id, student_id, day from fact) d
        join fact f on f.org_id = d.org_id and f.student_id = d.student_id and f.day <= d.day
        group by d.org_id, d.student_id, d.day
        """,
    ),
    "grading_backlog": (
        "org_id, course_code, assignment_id, assignment_title, ungraded_submissions, oldest_submitted_at",
        """
        select * from (
            select a.org_id,
                (select code from school.course c where (c.org_id, c.id) = (a.org_id, a.course_id)),
                a.id, a.title,
                (select count(w.submitted_at) {waiting}) as n, (select min(w.submitted_at) {waiting})
            from school.assignment a
        ) as t where n > 0
        """.format(
            waiting="from school.submission w where (w.org_id, w.assignment_id) = (a.org_id, a.id) "
            f"and w.grade is null and {COUNTED}"
        ),
    ),
    "activity": (
        "org_id, interaction_id, student_id, course_code, occurred_at, day, agent_type, success, weight",
        f"""
        select org_id, id, student_id,
            (select code from school.course c where (c.org_id, c.id) = (w.org_id, w.course_id)),
            occurred_at, (least(occurred_at, now()) {LOCAL})::date, agent_type, success, weight
        from school.interaction w
        """,
    ),
}


def difference(db: psycopg.Connection[Any], view: str) -> list[tuple[Any, ...]]:
    """Rows that only the view or only the recount has, in one snapshot; empty when they agree."""
    columns, recount = VIEWS[view]
    kept = f"select {columns} from analytics.{view}"
    return unlike(db, kept, f"select * from ({recount}) as r")


def unlike(db: psycopg.Connection[Any], one: str, other: str) -> list[tuple[Any, ...]]:
    """Rows that one query returns more often than the other."""
    query = f"({one} except all {other}) union all ({other} except all {one})"
    return db.execute(query.encode()).fetchall()
