"""Metrics and totals of assignments, at moments of a school in which everything changes all the time."""

import json
import random
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import churn, school
from tests.support.servers import Database

MOMENTS = 50

COUNTED = """
select
    (select count(*) from school.submission where grade is null and submitted_at is null),
    (select count(*) from school.submission where grade is null and submitted_at is not null),
    (select count(distinct student_id) from school.submission),
    (select count(*) from school.assignment)
"""
"""Plain counts: whoever asks, row-level security says of what."""

COUNTED_BY_ASSIGNMENT = """
select assignment_id, count(*), count(*) filter (where grade is null and submitted_at is null),
    count(*) filter (where grade is null and submitted_at is not null), count(grade), coalesce(sum(grade), 0)
from school.submission group by assignment_id order by 1
"""
TOTALS = """
select assignment_id, submissions, pending_submissions, ungraded_submissions, graded_submissions, grade_sum
from board.assignment_total order by 1
"""
NUMBERS = ("pending_submissions", "ungraded_submissions", "active_students", "total_assignments")


@pytest.mark.long
def test_metrics_equal_a_recount_at_random_moments(database: Database) -> None:
    """What SQL, the API and a count in the tables say to the same person, in one snapshot each time."""
    dice = random.Random(6)
    moments = 0
    seen: set[tuple[str, tuple[int, ...]]] = set()
    totals: set[int] = set()
    with database.connect() as db, database.connect("homeroom_api", autocommit=False) as api:
        api.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        orgs = [school.make_org(db) for _ in range(2)]
        churn.prepare(db, orgs)
        people = [
            (org, role, school.make_person(db, org, role))
            for org in orgs
            for role in ("teacher", "teacher", "tutor", "tutor", "admin")
        ]
        with churn.churning(database.url(), [orgs[0]] * 3 + [orgs[1]], 2500) as sessions:
            while moments < MOMENTS or any(session.is_alive() for session in sessions):
                _shuffle(db, people, dice)
                for org, role, person in people:
                    counted, by_assignment = _look(api, db, org, role, person)
                    seen.add((role, counted))
                    totals.add(by_assignment)
                moments += 1
    assert moments >= MOMENTS
    for role in ("teacher", "tutor", "admin"):
        assert len({numbers for r, numbers in seen if r == role}) > 10, role
    assert len(totals) > 3


def _shuffle(db: school.Connection, people: list[tuple[int, str, UUID]], dice: random.Random) -> None:
    """Who teaches and accompanies whom, what is a draft, what is folded."""
    for org, role, person in people:
        with suppress(psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
            if role == "teacher":
                db.execute(
                    "insert into school.course_teacher (org_id, course_id, teacher_id) "
                    "select org_id, id, %s from school.course where org_id = %s and random() < 0.4 "
                    "on conflict do nothing",
                    (person, org),
                )
            elif role == "tutor":
                db.execute(
                    "insert into school.tutor_student (org_id, tutor_id, student_id) "
                    "select org_id, %s, id from school.person "
                    "where org_id = %s and name like 'Student%%' and random() < 0.3 on conflict do nothing",
                    (person, org),
                )
            else:
                db.execute(
                    "update school.assignment "
                    "set status = case when random() < 0.3 then 'draft' else 'published' end "
                    "where org_id = %s and random() < 0.2",
                    (org,),
                )
                db.execute("select board.fold(%s)", (org,))
        if dice.random() < 0.15:
            db.execute("delete from school.course_teacher where org_id = %s and random() < 0.3", (org,))
            db.execute("delete from school.tutor_student where org_id = %s and random() < 0.3", (org,))


def _look(
    api: psycopg.Connection[Any], db: school.Connection, org: int, role: str, person: UUID
) -> tuple[tuple[int, ...], int]:
    """One person at one moment: the metrics, all ways, and how many assignments have totals."""
    claims = json.dumps({"sub": str(person), "org": org, "role": role})
    with api.transaction():
        answer: Any = (api.execute("select api.feed_metrics(%s)", (claims,)).fetchone() or (None,))[0]
        sql = api.execute("select * from board.metrics()").fetchone()
        counted = api.execute(COUNTED).fetchone()
        assert sql == counted, (role, sql, counted)
        assert tuple(answer[name] for name in NUMBERS) == counted
        if role == "tutor":
            return counted or (), 0
        totals = api.execute(TOTALS).fetchall()
        assert totals == api.execute(COUNTED_BY_ASSIGNMENT).fetchall()
        return counted or (), len(totals)
