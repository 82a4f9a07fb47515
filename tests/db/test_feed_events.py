"""What is an event, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db.seed import seed_schools
from tests.support import feed, school
from tests.support.dashboards import add
from tests.support.feed import Connection, World, value
from tests.support.servers import Database

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def told(api: Connection, since: str) -> list[tuple[str, dict[str, Any]]]:
    """Kinds and payloads since a cursor, without the timestamp, which is there and is now."""
    found = []
    for event in feed.events(api, since):
        moment = datetime.fromisoformat(event["data"].pop("timestamp"))
        assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)
        if event["kind"] != "rights":
            found.append((event["kind"], event["data"]))
    return found


def test_submissions_and_grades(db: Connection, api: Connection, world: World) -> None:
    def since(statement: str) -> list[tuple[str, dict[str, Any]]]:
        before = feed.cursor(api)
        db.execute(statement.encode(), {"now": NOW, "later": NOW + timedelta(days=1)})
        return told(api, before)

    begin = feed.cursor(api)
    submission = school.submit(db, world.org, world.assignment, world.student, submitted_at=None)
    assert told(api, begin) == [], "nothing is handed in yet"
    work = {
        "submission_id": str(submission),
        "assignment_id": str(world.assignment),
        "course_id": str(world.course),
        "student": {"id": str(world.student), "name": "Ann", "email": "ann@school.example"},
    }
    handed_in = [("submission", work)]
    assert since("update school.submission set submitted_at = %(now)s") == handed_in
    assert since("update school.submission set submitted_at = %(now)s") == []
    assert since("update school.submission set url = 'https://school.example'") == []
    assert since("update school.submission set submitted_at = %(later)s") == handed_in, "handed in again"
    graded = since("update school.submission set grade = 81.50, graded_at = now()")
    assert graded == [("grade", work | {"grade": 81.5})]
    assert since("update school.submission set graded_at = now()") == []
    assert since("update school.submission set grade = 82") == [("grade", work | {"grade": 82})]
    taken_back = since("update school.submission set grade = null, graded_at = null")
    assert taken_back == [("grade", work | {"grade": None})]
    assert since("delete from school.submission") == []
    before = feed.cursor(api)
    school.submit(db, world.org, world.assignment, world.student, 50)
    assert sorted(kind for kind, _ in told(api, before)) == ["grade", "submission"]


def test_assignments(db: Connection, api: Connection, world: World) -> None:
    def since(change: str) -> list[tuple[str, dict[str, Any]]]:
        before = feed.cursor(api)
        db.execute(f"update school.assignment set {change} where id = %s".encode(), (draft,))
        return told(api, before)

    begin = feed.cursor(api)
    draft = school.make_assignment(db, world.org, world.course, title="Essay", status="draft")
    assert told(api, begin) == []
    assert since("title = 'Long essay'") == []
    ids = {"assignment_id": str(draft), "course_id": str(world.course)}
    essay: dict[str, Any] = ids | {"title": "Long essay", "description": None, "due_date": None}
    assert since("status = 'published'") == [("assignment", essay)]
    assert since("weight = 3") == []
    essay["description"] = "All of it."
    assert since("description = 'All of it.'") == [("assignment", essay)]
    essay["due_date"] = "2024-03-01T12:00:00Z"
    assert since("due_at = '2024-03-01 13:00+01'") == [("assignment", essay)]
    assert since("status = 'closed'") == [("assignment_closed", ids)]
    assert since("title = 'x'") == []
    essay["title"] = "x"
    assert since("status = 'published'") == [("assignment", essay)]


def test_notifications_and_progress(db: Connection, api: Connection, world: World) -> None:
    since = feed.cursor(api)
    notice = add(db, world.org, "notification", person_id=world.student, title="Hi", is_urgent=True)
    db.execute("update school.notification set read_at = now()")
    quiz = school.make_quiz(db, world.org, world.course)
    attempt = school.attempt(db, world.org, quiz, world.student, None)
    db.execute("update school.quiz_attempt set score = 70")
    mission = add(db, world.org, "mission", title="m")
    trial = add(db, world.org, "mission_attempt", mission_id=mission, student_id=world.student)
    db.execute("update school.mission_attempt set state = 'submitted', submitted_at = now()")
    db.execute("update school.mission_attempt set url = 'x'")
    score = add(db, world.org, "readiness_score", student_id=world.student, scored_at=NOW, score=41)
    student = {"student_id": str(world.student)}
    trials = {"what": "mission", "mission_attempt_id": str(trial), "mission_id": str(mission)} | student
    assert told(api, since) == [
        (
            "notification",
            {
                "notification_id": str(notice),
                "person_id": str(world.student),
                "title": "Hi",
                "body": None,
                "is_urgent": True,
            },
        ),
        (
            "student_progress",
            {
                "what": "quiz",
                "quiz_attempt_id": str(attempt),
                "quiz_id": str(quiz),
                "course_id": str(world.course),
                "score": 70,
            }
            | student,
        ),
        ("student_progress", trials | {"state": "started"}),
        ("student_progress", trials | {"state": "submitted"}),
        ("student_progress", {"what": "readiness", "readiness_score_id": str(score), "score": 41} | student),
    ]


def test_history_is_no_news(database: Database, db: Connection, api: Connection) -> None:
    since = feed.cursor(api)
    seed_schools(database.url(), ["Old school"], 90, today=NOW.date())
    with db.transaction():
        db.execute("select ops.seed_school('Older school', 30, '2024-03-01')")
        assert value(db, "select current_setting('homeroom.feed_bulk', true)") in (None, "", "off")
    assert {event["kind"] for event in feed.events(api, since)} == {"rights"}


@pytest.mark.parametrize(
    ("session", "role", "is_bulk"),
    [
        ("postgres", "none", True),
        ("postgres", "homeroom_owner", True),
        ("homeroom_api", "homeroom_service", True),
        ("homeroom_api", "homeroom_admin", False),
        ("homeroom_api", "none", False),
        ("feed_admin", "none", False),
    ],
)
def test_only_the_owner_and_services_say_that_it_is_history(
    database: Database, db: Connection, api: Connection, world: World, session: str, role: str, is_bulk: bool
) -> None:
    if session == "feed_admin":
        db.execute(
            "do $$ begin create role feed_admin login; exception when duplicate_object then end $$; "
            "grant homeroom_admin to feed_admin"
        )
        row = (world.org, world.admin)
        db.execute(
            "insert into auth.db_login (login, org_id, person_id, role) "
            "values ('feed_admin', %s, %s, 'admin')",
            row,
        )
    writer = school.make_person(db, world.org, "service", "admin")
    since = feed.cursor(api)
    with database.connect(session, autocommit=False) as connection:
        connection.execute("set homeroom.feed_bulk = 'on'; set homeroom.feed_wake = 'poll'")
        connection.execute(f"set role {role}".encode())
        if role == "none" and session == "homeroom_api":
            who = feed.claims(world.org, writer, "admin")
            connection.execute("select auth.enter(%s, 'admin')", (who,))
        if role != "none" and session == "homeroom_api":
            who = feed.claims(world.org, writer, role.removeprefix("homeroom_"))
            connection.execute("select set_config('request.jwt.claims', %s, true)", (who,))
        connection.execute(
            "insert into school.notification (org_id, person_id, title) values (%s, %s, 'n')",
            (world.org, world.student),
        )
        connection.commit()
    assert feed.kinds(api, since) == ([] if is_bulk else ["notification"])


@pytest.mark.parametrize("character", ["\x01", "\U0001f600", '"', "x"])
def test_long_texts_are_cut_and_nobody_fails_to_write_them(
    db: Connection, api: Connection, world: World, character: str
) -> None:
    """The longest that anybody can write, in characters that take most room as JSON."""
    since = feed.cursor(api)
    long = character * 500
    longer = character * 1_000_000
    work = school.make_assignment(db, world.org, world.course, title=long)
    db.execute("update school.assignment set description = %s where id = %s", (longer, work))
    add(db, world.org, "assignment", course_id=world.course, title=long, description=longer)
    add(db, world.org, "notification", person_id=world.student, title=long, body=long)
    db.execute(
        "update school.person set name = %s, email = %s where id = %s", (long, f"a@{longer}", world.student)
    )
    school.submit(db, world.org, world.assignment, world.student, 50)
    found = told(api, since)
    works = [data for kind, data in found if kind == "assignment"]
    assert [data["title"] for data in works] == [long] * 3
    assert [data["description"] for data in works] == [None, longer[:4000], longer[:4000]]
    (notice,) = (data for kind, data in found if kind == "notification")
    assert (notice["title"], notice["body"]) == (long, long)
    (student,) = (data["student"] for kind, data in found if kind == "grade")
    assert student["name"] == long and len(student["email"]) == 4000
    largest = value(db, "select max(octet_length(payload::text)) from feed.event")
    assert largest < 32_000


def test_the_log_takes_no_payload_without_bound(db: Connection, world: World) -> None:
    sizes = (131_072 - 8, 131_072 - 7)
    for size in sizes:
        statement = "insert into feed.event (org_id, topics, kind, payload) values (%s, '{}', 'n', %s::json)"
        payload = '{"a":"' + "x" * size + '"}'
        if size == sizes[0]:
            db.execute(statement, (world.org, payload))
        else:
            with pytest.raises(psycopg.errors.CheckViolation):
                db.execute(statement, (world.org, payload))
    # What others send in characters that take most bytes.
    data = '{"a":"' + "\U0001f600" * 16_370 + '"}'
    assert value(db, "select feed.send_to_person(%s, %s, 'n', %s)", world.org, world.student, data)


@pytest.mark.parametrize(
    "change",
    [
        "update school.assignment set status = 'draft' where id = %s",
        "delete from school.assignment where id = %s",
        "update school.assignment set course_id = (select max(id::text)::uuid from school.course), "
        "status = 'draft' where id = %s",
    ],
)
def test_what_is_hidden_again_is_told_to_the_staff_alone(
    db: Connection, api: Connection, world: World, change: str
) -> None:
    parent = school.make_person(db, world.org, "parent")
    school.make_guardian(db, world.org, parent, world.student)
    since = feed.cursor(api)
    work = school.make_assignment(db, world.org, world.course, title="Answers")
    other = school.make_assignment(db, world.org, world.course, title="Essay")
    people = {"student": world.student, "parent": parent, "teacher": world.teacher, "admin": world.admin}

    def titles() -> dict[str, list[str]]:
        replays = {
            role: feed.replay(api, feed.claims(world.org, person, role), since)
            for role, person in people.items()
        }
        return {
            role: [event["data"]["title"] for event in replay["events"]] for role, replay in replays.items()
        }

    assert titles() == {role: ["Answers", "Essay"] for role in people}
    school.make_course(db, world.org)
    db.execute(change.encode(), (work,))
    everything = ["Answers", "Essay"]
    assert titles() == {
        "student": ["Essay"],
        "parent": ["Essay"],
        "teacher": everything,
        "admin": everything,
    }
    # A process that reads it now hands it to nobody else, either.
    heard = {
        event["data"]["assignment_id"]: event["topics"] for event in feed.events(api, since, "assignment")
    }
    assert heard == {
        str(work): ["admin", f"course-staff:{world.course}"],
        str(other): ["admin", f"course:{world.course}"],
    }
