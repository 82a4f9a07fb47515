"""What somebody with bad intent, or a service with odd data, cannot do to the students' dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import school
from tests.support.program import Own, Program, enter, make_program
from tests.support.servers import Database

Session = psycopg.Connection[Any]


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A superuser's session."""
    with database.connect() as session:
        yield session


def one(db: Session, query: str, *parameters: Any) -> Any:
    """The one value that a query answers."""
    row = db.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def student_of(db: Session, org: int, *, tier: str = "premium") -> tuple[Program, Own]:
    """A student with a row of every fact."""
    program = make_program(db, org)
    return program, enter(db, program, school.make_person(db, org, "student"), tier=tier)


def read(api: Session, org: int, student: UUID) -> dict[str, Any]:
    """The student's dashboard by the API's login."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    query = "select (api.student_dashboard(%s, true, true)).document"
    document: dict[str, Any] = json.loads(one(api, query, claims))
    return document


def act(api: Session, org: int, student: UUID, **action: Any) -> None:
    """An action of the student, past what the API's Python would refuse."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    api.execute("select api.student_action(%s, %s, null)", (claims, json.dumps(action, default=str)))


def test_a_poisoned_student_stops_no_other_organization_however_often(db: Session) -> None:
    org, other_org = school.make_org(db), school.make_org(db)
    bad = school.make_person(db, org, "student")
    db.execute(
        "alter table board.student_dashboard_cache "
        f"add constraint poisoned check (student_id <> '{bad}' or document is null)".encode()
    )
    for _ in range(60):
        db.execute(
            "insert into school.notification (org_id, person_id, title, is_urgent) "
            "values (%s, %s, 'u', true)",
            (org, bad),
        )
        db.execute("update board.dashboard_update_queue set not_before = null")
        assert one(db, "select board.drain_queue()") == 1
    assert one(db, "select max(attempts) from board.dashboard_update_queue") == 5
    good = school.make_person(db, other_org, "student")
    db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (other_org, good))
    while one(db, "select board.drain_queue()"):
        pass
    assert one(db, "select badges from board.student_dashboard_cache where student_id = %s", good) == 1


def test_an_organization_that_cannot_be_drained_stops_no_other(db: Session) -> None:
    org, other_org = school.make_org(db), school.make_org(db)
    for where in (org, other_org):
        student = school.make_person(db, where, "student")
        db.execute(
            "insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (where, student)
        )
    db.execute("update board.dashboard_update_queue set priority = 'urgent' where org_id = %s", (org,))
    db.execute("alter function board.drain_students rename to drain_students_well")
    db.execute(
        "create function board.drain_students(org bigint, batch_size integer) returns integer "
        "language plpgsql security definer as $$ begin "
        f"if org = {org} then raise 'not this one'; end if; "
        "return board.drain_students_well(org, batch_size); end $$".encode()
    )
    assert one(db, "select board.drain_queue()") == 1
    assert db.execute("select org_id from board.student_dashboard_cache where badges = 1").fetchall() == [
        (other_org,)
    ]


def test_a_steady_stream_of_urgent_marks_lets_others_come(db: Session) -> None:
    org, other_org = school.make_org(db), school.make_org(db)
    students = {where: school.make_person(db, where, "student") for where in (org, other_org)}
    mark = (
        "insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason, queued_at) "
        "values (%s, 'student', %s, %s, 'test', now() - %s::interval)"
    )
    db.execute(mark, (other_org, students[other_org], "low", "61 seconds"))
    db.execute(mark, (org, students[org], "urgent", "0"))
    assert one(db, "select board.drain_queue()") == 1
    assert db.execute(
        "select student_id from board.student_dashboard_cache where document is not null"
    ).fetchall() == [(students[other_org],)]


@pytest.mark.parametrize(
    "change",
    [
        "update school.ai_nudge set created_at = '294276-12-31 23:59:59+00'",
        "update school.portfolio_item set reviewed_at = '294276-12-31 23:59:59+00'",
        "update school.mission_attempt set estimated_completion = '294276-12-31 23:59:59+00'",
        "update school.readiness_score set scored_at = '294276-12-31 23:59:59+00'",
        "update school.subscription set enhanced_until = '4714-11-24 00:00+00 BC'",
        "update school.subscription set ends_at = 'infinity'",
        "insert into school.habit_log (org_id, habit_id, student_id, day) "
        "select org_id, id, student_id, '5874897-12-31' from school.habit",
    ],
)
def test_a_time_that_no_calendar_has_is_refused(db: Session, change: str) -> None:
    student_of(db, school.make_org(db))
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(change.encode())


@pytest.mark.parametrize(
    "path",
    [
        "today.secondary_actions.title",
        "today.secondary_actions.0.title",
        "notifications.latest.99999999999",
        "readiness.score.whole",
        "leaderboard.around_me.name",
        "no.such.path",
    ],
)
def test_a_mask_fails_closed(database: Database, db: Session, path: str) -> None:
    org = school.make_org(db)
    program, own = student_of(db, org, tier="free")
    db.execute("select board.refresh_leaderboard(%s)", (org,))
    with database.connect("homeroom_api") as api:
        before = read(api, org, own.student)
        db.execute("insert into ops.tier_mask (tier, path) values ('free', %s)", (path,))
        after = read(api, org, own.student)
    first, second, *_ = path.split(".")
    if first == "no":
        assert after == before | {"last_updated": after["last_updated"]}
    else:
        assert before[first][second] is not None
        assert after[first][second] is None
    assert program.org == org


def test_a_mask_reaches_an_organization_that_is_being_made(database: Database, db: Session) -> None:
    with database.connect(autocommit=False) as masking:
        masking.execute("insert into ops.tier_mask (tier, path) values ('free', 'quick_stats.badges')")
        with (
            database.connect(options="-c lock_timeout=200ms") as other,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            school.make_org(other)
        masking.commit()
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    with database.connect("homeroom_api") as api:
        assert read(api, org, student)["quick_stats"]["badges"] is None


def test_a_transaction_that_is_held_open_reads_no_dashboard(database: Database, db: Session) -> None:
    org = school.make_org(db)
    _, own = student_of(db, org)
    claims = json.dumps({"sub": str(own.student), "org": org, "role": "student"})
    # The same as ten seconds later, without the wait: what the function compares.
    db.execute(
        "create function public.clock_timestamp() returns timestamptz language sql "
        "as $$ select pg_catalog.clock_timestamp() + interval '11 seconds' $$"
    )
    source = one(db, "select pg_get_functiondef('board.cacheable_student(boolean,boolean)'::regprocedure)")
    db.execute(source.replace("clock_timestamp()", "public.clock_timestamp()").encode())
    with database.connect("homeroom_api") as api, pytest.raises(psycopg.Error) as refused:
        one(api, "select (api.student_dashboard(%s, true, true)).document", claims)
    assert refused.value.sqlstate == "HR409"


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("UTC", "2026-03-01", "2026-03-02 00:00:00+00"),
        ("Atlantic/Azores", "2027-10-30", "2027-10-31 00:00:00+00"),  # twice: at 0:00 and 1:00 UTC
        ("America/Havana", "2026-10-31", "2026-11-01 04:00:00+00"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23 22:00:00+00"),  # never: the day begins at one
    ],
)
def test_a_day_ends_at_the_first_midnight(db: Session, zone: str, day: str, ends: str) -> None:
    source = one(db, "select pg_get_functiondef('board.clock(bigint)'::regprocedure)")
    moment = f"(timestamp '{day} 12:00' at time zone '{zone}')"
    db.execute(source.replace("now()", moment).encode())
    org = school.make_org(db, time_zone=zone)
    assert one(db, "select (board.clock(%s)).today::text", org) == day
    assert one(db, "select (board.clock(%s)).midnight = %s::timestamptz", org, ends)


def test_an_action_past_the_api_meets_the_same_bounds(database: Database, db: Session) -> None:
    org = school.make_org(db)
    program, own = student_of(db, org)
    with database.connect("homeroom_api") as api:
        for sqlstate, action in (
            ("HR422", {"action": "portfolio_item_added", "title": "T", "url": "javascript:alert(1)"}),
            ("HR413", {"action": "goal_created", "title": "T", "more": "x" * 20_000}),
            ("HR422", {"action": "habit_logged", "habit_id": own.habit, "on": "2020-01-01"}),
            ("HR422", {"action": "habit_logged", "habit_id": own.habit, "on": "9000-01-01"}),
        ):
            with pytest.raises(psycopg.Error) as refused:
                act(api, org, own.student, **action)
            assert refused.value.sqlstate == sqlstate, action

        act(api, org, own.student, action="assignment_submitted", assignment_id=program.assignment)
        db.execute(
            "update school.submission set grade = 80, graded_at = now() where assignment_id = %s",
            (program.assignment,),
        )
        with pytest.raises(psycopg.Error) as refused:
            url = "https://example.org/another"
            act(
                api,
                org,
                own.student,
                action="assignment_submitted",
                assignment_id=program.assignment,
                url=url,
            )
        assert refused.value.sqlstate == "HR409"

        db.execute("update school.mentor_session set starts_at = now() - interval '2 h', ends_at = now()")
        with pytest.raises(psycopg.Error) as refused:
            act(api, org, own.student, action="session_joined", session_id=program.session)
        assert refused.value.sqlstate == "HR404"

        db.execute(
            "update school.mission_attempt set started_at = now() + interval '1 min' where state = 'started'"
        )
        act(api, org, own.student, action="mission_submitted", mission_id=program.begun)
