"""WebSockets: who gets in, what they say, how they end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from websockets.sync.client import ClientConnection

from tests.api.conftest import LIVELY
from tests.api.support import School, school_of, token
from tests.support import school as facts
from tests.support.streams import received, socket, until_closed

DASHBOARD = "/ws/dashboard/"

COHORT_AND_MISSION = """
with
p as (insert into school.program (org_id, name) values (%(org)s, 'P') returning id),
t as (insert into school.track (org_id, program_id, name) select %(org)s, p.id, 'T' from p returning id),
c as (
    insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status)
    select %(org)s, t.id, 'C', current_date - 1, current_date + 90, 'active' from t returning id
),
m as (
    insert into school.cohort_member (org_id, cohort_id, student_id)
    select %(org)s, c.id, s from c cross join unnest(%(students)s::uuid[]) as s
),
mentors as (
    insert into school.cohort_mentor (org_id, cohort_id, mentor_id) select %(org)s, c.id, %(mentor)s from c
)
insert into school.mission (org_id, track_id, title) select %(org)s, t.id, 'M' from t returning id
"""

Session = psycopg.Connection[Any]


@pytest.fixture
def db(live_school: School) -> Iterator[Session]:
    with live_school.database.connect() as connection:
        yield connection


@pytest.fixture
def teacher(live_school: School, db: Session) -> UUID:
    """A teacher of this test, with a course."""
    return facts.make_person(db, live_school.org, "teacher")


@pytest.fixture
def course(live_school: School, db: Session, teacher: UUID) -> UUID:
    return facts.make_course(db, live_school.org, teacher=teacher)


def opened(school: School, person: UUID, role: str, path: str = DASHBOARD) -> Any:
    return socket(school.client.base_url, path, token(person, school.org, role))


def ended(connection: ClientConnection) -> int | None:
    """With what code the server closes."""
    until_closed(connection)
    return connection.close_code


def test_it_welcomes_then_tells(live_school: School, db: Session, teacher: UUID, course: UUID) -> None:
    with opened(live_school, teacher, "teacher") as connection:
        welcome = received(connection)
        metrics = {
            "pending_submissions": 0,
            "ungraded_submissions": 0,
            "active_students": 0,
            "total_assignments": 0,
            "timestamp": welcome["metrics"]["timestamp"],
        }
        assert welcome == {"type": "welcome", "metrics": metrics, "cursor": welcome["cursor"]}
        work = facts.make_assignment(db, live_school.org, course, title="Essay")
        told = received(connection)
        assert (told["type"], told["assignment_id"], told["title"]) == ("assignment", str(work), "Essay")
        assert told["cursor"] != welcome["cursor"]
    missed = facts.make_assignment(db, live_school.org, course, title="Missed")
    with opened(live_school, teacher, "teacher", f"{DASHBOARD}?cursor={told['cursor']}") as connection:
        assert received(connection)["cursor"] == told["cursor"], "what follows is not known yet"
        assert received(connection)["assignment_id"] == str(missed)
    with opened(live_school, teacher, "teacher", f"{DASHBOARD}?cursor=old") as connection:
        welcome = received(connection)
        assert (welcome["type"], welcome["cursor"]) == ("welcome", None), "what is no cursor is not one here"
        reset = received(connection)
        assert (reset["type"], reset["data"]["version"]) == ("reset", 1)
        assert (reset["type"], reset["data"]["metrics"]["total_assignments"]) == ("reset", 2)
        facts.make_assignment(db, live_school.org, course, title="Next")
        assert received(connection)["title"] == "Next"


@pytest.mark.parametrize("role", ["student", "parent"])
def test_other_roles_are_shown_out(live_school: School, role: str) -> None:
    person = live_school.ada if role == "student" else live_school.parent
    with opened(live_school, person, role) as connection:
        assert ended(connection) == 4403


def test_without_a_good_token_it_ends(live_school: School, teacher: UUID) -> None:
    expired = token(teacher, live_school.org, "teacher", exp=int(time.time()) - 5)
    not_held = token(teacher, live_school.org, "admin")
    for value, code in [(None, 4401), ("nonsense", 4401), (expired, 4401), (not_held, 4403)]:
        with socket(live_school.client.base_url, DASHBOARD, value) as connection:
            assert ended(connection) == code, value


def test_it_ends_with_its_token(live_school: School, teacher: UUID) -> None:
    short = token(teacher, live_school.org, "teacher", exp=int(time.time()) + 6)
    with socket(live_school.client.base_url, DASHBOARD, short) as connection:
        assert until_closed(connection)[-1] == {"type": "expired"}
        assert connection.close_code == 4401


def test_a_person_has_so_many(live_school: School, teacher: UUID) -> None:
    with (
        opened(live_school, teacher, "teacher") as one,
        opened(live_school, teacher, "teacher") as two,
        opened(live_school, teacher, "teacher") as three,
    ):
        for connection in (one, two, three):
            assert received(connection)["type"] == "welcome"
        with opened(live_school, teacher, "teacher") as fourth:
            assert ended(fourth) == 4429


def test_two_pongs_that_are_missing_end_it(live_school: School, teacher: UUID) -> None:
    settings = LIVELY | {"stream_ping_seconds": 1.0}
    with (
        school_of(live_school.database, live_school, **settings) as often,
        opened(often, teacher, "teacher") as silent,
        opened(often, teacher, "teacher") as alive,
    ):
        pings = 0
        while pings < 5:  # more than whoever does not answer gets
            message = received(alive, pings=True)
            if message["type"] == "ping":
                assert set(message) == {"type", "cursor"}
                alive.send('{"type": "pong"}')
                pings += 1
        said = [message["type"] for message in until_closed(silent, answer=False)]
        assert said == ["welcome", "ping", "ping"]
        assert silent.close_code == 4408


@pytest.mark.parametrize("bad", ["nonsense", '{"type": "subscribe"}', "[]", " " * 2000, b"\x00\x01"])
def test_what_it_does_not_understand_it_says_and_ends_at_the_third(
    live_school: School, teacher: UUID, bad: str | bytes
) -> None:
    with opened(live_school, teacher, "teacher") as connection:
        for _ in range(3):
            connection.send(bad)
        said = until_closed(connection)
        errors = [message for message in said if message["type"] == "error"]
        assert len(errors) == 3
        assert errors[0]["data"]["message"]
        assert connection.close_code == 1008


def test_updates_about_oneself(live_school: School, db: Session) -> None:
    student = facts.make_person(db, live_school.org, "student")
    with opened(live_school, student, "student", f"/dashboard/ws/{student}") as connection:
        beat = received(connection, pings=True)
        assert beat == {"type": "heartbeat", "cursor": beat["cursor"]}
        send = "select feed.send_to_person(%s, %s, %s, %s)"
        db.execute(send, (live_school.org, student, "hello", "{}"))
        db.execute(send, (live_school.org, student, "metrics_update", '{"mean": 5}'))
        told = received(connection)
        assert told["type"] == "metrics_update", "only what it is for"
        assert told["data"]["mean"] == 5
        assert set(told) == {"type", "data", "event_id", "cursor"}


def test_updates_about_somebody_whose_work_one_sees(live_school: School, db: Session) -> None:
    org = live_school.org
    child, other = (facts.make_person(db, org, "student") for _ in range(2))
    parent = facts.make_person(db, org, "parent")
    for student in (child, other):
        facts.make_guardian(db, org, parent, student)
    course = facts.make_course(db, org)
    quiz = facts.make_quiz(db, org, course)
    with (
        opened(live_school, parent, "parent", f"/dashboard/ws/{child}") as theirs,
        opened(live_school, live_school.admin, "admin", f"/dashboard/ws/{child}") as admins,
    ):
        for connection in (theirs, admins):
            assert received(connection, pings=True)["type"] == "heartbeat"
        for student in (other, child):
            facts.enroll(db, org, student, course)
            facts.attempt(db, org, quiz, student, 70)
        for connection in (theirs, admins):
            told = received(connection)
            assert told["type"] == "student_progress"
            assert str(child) in json.dumps(told["data"])
            assert str(other) not in json.dumps(told["data"])


def test_updates_about_a_mentee(live_school: School, db: Session) -> None:
    org = live_school.org
    mentee, other = (facts.make_person(db, org, "student") for _ in range(2))
    mentor = facts.make_person(db, org, "mentor")
    row = db.execute(
        COHORT_AND_MISSION, {"org": org, "mentor": mentor, "students": [mentee, other]}
    ).fetchone()
    assert row is not None
    with opened(live_school, mentor, "mentor", f"/dashboard/ws/{mentee}") as connection:
        assert received(connection, pings=True)["type"] == "heartbeat"
        for student in (other, mentee):
            db.execute(
                "insert into school.mission_attempt (org_id, mission_id, student_id, started_at) "
                "values (%s, %s, %s, now())",
                (org, row[0], student),
            )
        told = received(connection)
        assert told["type"] == "student_progress"
        assert str(mentee) in json.dumps(told["data"])
    with opened(live_school, mentor, "mentor", f"/dashboard/ws/{live_school.cleo}") as connection:
        assert ended(connection) == 4403


def test_a_teacher_follows_a_student_of_a_course(live_school: School, db: Session) -> None:
    org = live_school.org
    teacher, other_teacher = (facts.make_person(db, org, "teacher") for _ in range(2))
    student, other = (facts.make_person(db, org, "student") for _ in range(2))
    course = facts.make_course(db, org, teacher=teacher)
    for one in (student, other):
        facts.enroll(db, org, one, course)
    quiz = facts.make_quiz(db, org, course)
    path = f"/dashboard/ws/{student}"
    with opened(live_school, teacher, "teacher", path) as connection:
        assert received(connection, pings=True)["type"] == "heartbeat"
        for one in (other, student):
            facts.attempt(db, org, quiz, one, 80)
        told = received(connection)
        assert (told["type"], told["data"]["student_id"]) == ("student_progress", str(student))
    with opened(live_school, other_teacher, "teacher", path) as connection:
        assert ended(connection) == 4403


def test_about_anybody_else_it_says_nothing(live_school: School) -> None:
    path = f"/dashboard/ws/{live_school.cleo}"
    with opened(live_school, live_school.parent, "parent", path) as connection:
        assert until_closed(connection) == []
        assert connection.close_code == 4403


def test_about_what_is_no_id_it_says_nothing(live_school: School) -> None:
    for path in ("/dashboard/ws/nope", f"/dashboard/ws/{live_school.ada}x"):
        for person, role in ((live_school.ada, "student"), (live_school.admin, "admin")):
            with opened(live_school, person, role, path) as connection:
                assert until_closed(connection) == []
                assert connection.close_code == 4403, path
    with socket(live_school.client.base_url, "/dashboard/ws/nope", None) as connection:
        assert ended(connection) == 4401


def test_it_tells_only_what_is_asked_for(
    live_school: School, db: Session, teacher: UUID, course: UUID
) -> None:
    send = "select feed.send_to_person(%s, %s, %s, '{}')"
    with opened(live_school, teacher, "teacher", f"{DASHBOARD}?events=alerts,bell") as connection:
        cursor = received(connection)["cursor"]
        for kind in ("note", "bell", "note", "alerts"):
            db.execute(send, (live_school.org, teacher, kind))
        assert [received(connection)["type"] for _ in range(2)] == ["bell", "alerts"]
    with opened(live_school, teacher, "teacher", f"{DASHBOARD}?events=alerts&cursor={cursor}") as connection:
        assert [received(connection)["type"] for _ in range(2)] == ["welcome", "alerts"]
    own = f"/dashboard/ws/{teacher}?events=alerts,note"
    with opened(live_school, teacher, "teacher", own) as connection:
        received(connection, pings=True)
        for kind in ("note", "metrics_update", "alerts"):
            db.execute(send, (live_school.org, teacher, kind))
        assert received(connection)["type"] == "alerts"


@pytest.mark.parametrize("events", ["", "Grade", "alerts,", "alerts,%20note", "n" * 51, "grade"])
def test_what_cannot_be_asked_for_ends_it(live_school: School, teacher: UUID, events: str) -> None:
    paths = [f"/dashboard/ws/{teacher}", DASHBOARD]
    for path in paths[: 1 if events == "grade" else 2]:  # a type, but none of the first
        with opened(live_school, teacher, "teacher", f"{path}?events={events}") as connection:
            assert until_closed(connection) == []
            assert connection.close_code == 4422, path
