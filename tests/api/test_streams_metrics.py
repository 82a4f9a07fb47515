"""Metrics on live streams: the same numbers by WebSocket, server-sent events and SQL, again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.api.live import value
from tests.api.support import People, School, school_of
from tests.support import school as facts
from tests.support.servers import Cluster
from tests.support.streams import Sse, received, socket, sse

OFTEN = 0.2
NUMBERS = ("pending_submissions", "ungraded_submissions", "active_students", "total_assignments")
Metrics = dict[str, Any]


@dataclass
class Staff:
    """A school of this test alone, and those in it who have metrics."""

    school: School
    db: psycopg.Connection[Any]
    teacher: UUID
    tutor: UUID
    course: UUID
    work: UUID

    def people(self) -> list[tuple[str, UUID]]:
        return [("teacher", self.teacher), ("tutor", self.tutor), ("admin", self.school.admin)]

    def token(self, role: str, person: UUID) -> str:
        return value(self.school, person, role)

    def counted(self, role: str, person: UUID) -> dict[str, int]:
        """What plain counts say to that person by SQL."""
        claims = json.dumps({"sub": str(person), "org": self.school.org, "role": role})
        with self.school.database.connect("homeroom_api", autocommit=False) as api:
            api.execute("select auth.enter(%s, %s)", (claims, role))
            row = api.execute(
                "select (select count(*) filter (where submitted_at is null and grade is null) "
                "from school.submission), "
                "(select count(*) filter (where submitted_at is not null and grade is null) "
                "from school.submission), "
                "(select count(distinct student_id) from school.submission), "
                "(select count(*) from school.assignment)"
            ).fetchone()
        assert row
        return dict(zip(NUMBERS, row, strict=True))


@pytest.fixture
def staff(cluster: Cluster) -> Iterator[Staff]:
    with (
        cluster.prepared(People) as (database, people),
        school_of(database, people, metrics_seconds=OFTEN) as school,
        database.connect() as db,
    ):
        teacher = facts.make_person(db, school.org, "teacher")
        tutor = facts.make_person(db, school.org, "tutor")
        course = facts.make_course(db, school.org, teacher=teacher)
        facts.enroll(db, school.org, school.ada, course)
        facts.make_tutor(db, school.org, tutor, school.ben)
        facts.enroll(db, school.org, school.ben, course, "dropped")
        work = facts.make_assignment(db, school.org, course)
        facts.submit(db, school.org, work, school.ada, submitted_at=None)
        facts.submit(db, school.org, work, school.ben)
        yield Staff(school, db, teacher, tutor, course, work)


def numbers(message: Metrics) -> dict[str, int]:
    """A message's numbers; it says nothing else but the time."""
    assert set(message) - {"type"} == {*NUMBERS, "timestamp"}
    return {name: message[name] for name in NUMBERS}


def of_stream(stream: Sse, expected: dict[str, int]) -> None:
    """Wait until the stream's metrics say this."""
    for _ in range(50):
        message = stream.message()
        assert message
        if message["type"] == "metrics" and numbers(message) == expected:
            return
    raise AssertionError(f"no metrics like {expected}")


def of_socket(connection: Any, expected: dict[str, int]) -> None:
    """Wait until the socket's metrics say this."""
    for _ in range(50):
        message = received(connection)
        if message["type"] == "metrics" and numbers(message) == expected:
            return
    raise AssertionError(f"no metrics like {expected}")


def test_every_way_says_the_same(staff: Staff) -> None:
    base = staff.school.client.base_url
    with ExitStack() as stack:
        watched = []
        for role, person in staff.people():
            connection = stack.enter_context(socket(base, "/ws/dashboard/", staff.token(role, person)))
            stream = stack.enter_context(sse(base, "/dashboard/stream", staff.token(role, person)))
            expected = staff.counted(role, person)
            welcome = received(connection)
            assert welcome["type"] == "welcome"
            assert numbers(welcome["metrics"]) == expected, role
            watched.append((role, person, connection, stream))
        assert [tuple(staff.counted(*who).values()) for who in staff.people()][:2] == [
            (1, 1, 2, 1),
            (0, 1, 1, 0),
        ]
        teachers = stack.enter_context(
            sse(base, "/api/v1/teacher/dashboard/stream", staff.token("teacher", staff.teacher))
        )
        for change in ("nothing", "grade", "a course less"):
            if change == "grade":
                staff.db.execute(
                    "update school.submission set grade = 50, graded_at = now(), submitted_at = now() "
                    "where assignment_id = %s",
                    (staff.work,),
                )
            elif change == "a course less":
                staff.db.execute("delete from school.course_teacher where course_id = %s", (staff.course,))
            for role, person, connection, stream in watched:
                expected = staff.counted(role, person)
                of_socket(connection, expected)
                of_stream(stream, expected)
            of_stream(teachers, staff.counted("teacher", staff.teacher))


def test_events_choose_them(staff: Staff) -> None:
    base, token = staff.school.client.base_url, staff.token("teacher", staff.teacher)
    with (
        sse(base, "/dashboard/stream?events=metrics&named=1", token) as only,
        sse(base, "/dashboard/stream?events=assignment", token) as without,
        socket(base, "/ws/dashboard/?events=metrics", token) as connection,
        socket(base, f"/dashboard/ws/{staff.teacher}", token) as updates,
    ):
        block = only.block()
        assert block and block["event"] == "metrics" and "id" not in block
        assert received(connection)["type"] == "welcome"
        for _ in range(2):
            facts.make_assignment(staff.db, staff.school.org, staff.course)
            assert (only.message() or {})["type"] == "metrics"
            assert received(connection)["type"] == "metrics"
            assert (without.message() or {})["type"] == "assignment"
        with pytest.raises(TimeoutError):
            while json.loads(updates.recv(timeout=3 * OFTEN))["type"] == "heartbeat":
                pass


def test_students_and_parents_have_none(staff: Staff) -> None:
    base = staff.school.client.base_url
    for role, person in (("student", staff.school.ada), ("parent", staff.school.parent)):
        with sse(base, "/dashboard/stream?events=metrics,grade", staff.token(role, person)) as stream:
            facts.submit(
                staff.db,
                staff.school.org,
                facts.make_assignment(staff.db, staff.school.org, staff.course),
                staff.school.ada,
            )
            staff.db.execute("select pg_sleep(%s)", (3 * OFTEN,))
            staff.db.execute(
                "update school.submission set grade = 1, graded_at = now() "
                "where student_id = %s and grade is null and submitted_at is not null",
                (staff.school.ada,),
            )
            assert (stream.message() or {})["type"] == "grade"


def test_a_database_that_cannot_say_is_asked_again(staff: Staff) -> None:
    base, admin = staff.school.client.base_url, staff.school.admin
    with socket(base, "/ws/dashboard/", staff.token("admin", admin)) as connection:
        of_socket(connection, staff.counted("admin", admin))
        staff.db.execute("alter function api.feed_metrics_of(jsonb) rename to away")
        staff.db.execute("select pg_sleep(%s)", (3 * OFTEN,))
        facts.make_assignment(staff.db, staff.school.org, staff.course)
        expected = staff.counted("admin", admin)
        while received(connection)["type"] != "assignment":
            pass
        staff.db.execute("alter function api.away(jsonb) rename to feed_metrics_of")
        of_socket(connection, expected)
