"""Who hears what, and how soon that ends: rights that change while a stream is open."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.api.support import School, token
from tests.support import school as facts
from tests.support.streams import Sse, socket, sse, until_closed

ANY = "/dashboard/stream"
TEACHER = "/api/v1/teacher/dashboard/stream"
LOSSES = {
    "deactivated": "update school.person set is_active = false where id = %s",
    "role": "delete from school.person_role where person_id = %s",
}

TRACKS = """
with p as (insert into school.program (org_id, name) values (%s, 'P') returning id)
insert into school.track (org_id, program_id, name)
select %s, p.id, n from p cross join unnest('{One,Two}'::text[]) as n returning id
"""
COHORT = """
insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status)
values (%s, %s, 'C', current_date - 1, current_date + 90, 'active') returning id
"""
SCORE = "insert into school.readiness_score (org_id, student_id, scored_at, score) values (%s, %s, now(), %s)"

Session = psycopg.Connection[Any]


@pytest.fixture
def db(live_school: School) -> Iterator[Session]:
    with live_school.database.connect() as connection:
        yield connection


def stream_of(stack: ExitStack, school: School, person: UUID, role: str, path: str = ANY) -> Sse:
    return stack.enter_context(sse(school.client.base_url, path, token(person, school.org, role)))


def assign(db: Session, org: int, course: UUID, title: str) -> UUID:
    """An assignment that everybody of its course hears of."""
    return facts.make_assignment(db, org, course, title=title)


def title(stream: Sse) -> str:
    message = stream.message()
    assert message is not None
    return str(message["title"])


def test_each_hears_what_concerns_them_and_nothing_else(live_school: School, db: Session) -> None:
    org = live_school.org
    teacher, other_teacher = (facts.make_person(db, org, "teacher") for _ in range(2))
    student, other_student = (facts.make_person(db, org, "student") for _ in range(2))
    parent = facts.make_person(db, org, "parent")
    facts.make_guardian(db, org, parent, student)
    course, other_course = (facts.make_course(db, org, teacher=who) for who in (teacher, other_teacher))
    facts.enroll(db, org, student, course)
    facts.enroll(db, org, other_student, other_course)
    with ExitStack() as stack:
        streams = {
            name: stream_of(stack, live_school, person, role)
            for name, person, role in [
                ("teacher", teacher, "teacher"),
                ("other teacher", other_teacher, "teacher"),
                ("student", student, "student"),
                ("other student", other_student, "student"),
                ("parent", parent, "parent"),
                ("admin", live_school.admin, "admin"),
            ]
        }
        foreign = stack.enter_context(
            sse(
                live_school.client.base_url,
                ANY,
                token(live_school.other_admin, live_school.other_org, "admin"),
            )
        )
        work = assign(db, org, course, "Essay")
        facts.submit(db, org, work, student, 90)
        assign(db, org, other_course, "End")
        heard = {}
        for name, stream in streams.items():
            if name in ("teacher", "student", "parent"):
                db.execute(
                    "select feed.send_to_person(%s, %s, 'end', '{}')",
                    (org, {"teacher": teacher, "student": student, "parent": parent}[name]),
                )
            last = "end" if name in ("teacher", "student", "parent") else "assignment"
            messages = stream.until(last)
            while last == "assignment" and messages[-1]["title"] != "End":
                messages += stream.until(last)
            heard[name] = [message["type"] for message in messages]
        work_events = ["assignment", "submission", "grade"]
        assert heard == {
            "teacher": [*work_events, "end"],
            "other teacher": ["assignment"],
            "student": [*work_events, "end"],
            "other student": ["assignment"],
            "parent": [*work_events, "end"],
            "admin": [*work_events, "assignment"],
        }
        db.execute("select feed.send_to_group(%s, 'role:admin', 'end', '{}')", (live_school.other_org,))
        assert (foreign.message() or {})["type"] == "end", "nothing of another organization"


def test_a_right_that_ends_ends_delivery_at_once_and_the_rest_goes_on(
    live_school: School, db: Session
) -> None:
    org = live_school.org
    teacher = facts.make_person(db, org, "teacher")
    lost, kept = (facts.make_course(db, org, teacher=teacher) for _ in range(2))
    with ExitStack() as stack:
        stream = stream_of(stack, live_school, teacher, "teacher", TEACHER)
        assign(db, org, lost, "Before")
        assert title(stream) == "Before"
        with db.transaction():  # the same batch: the right ends before the event is delivered
            db.execute("delete from school.course_teacher where course_id = %s", (lost,))
            assign(db, org, lost, "In the same transaction")
        assign(db, org, lost, "After")
        assign(db, org, kept, "Of the other course")
        assert title(stream) == "Of the other course"


def test_a_right_that_begins_begins_delivery(live_school: School, db: Session) -> None:
    org = live_school.org
    student = facts.make_person(db, org, "student")
    course = facts.make_course(db, org)
    with ExitStack() as stack:
        stream = stream_of(stack, live_school, student, "student")
        assign(db, org, course, "Before")
        # Read together with the right, it would be told, too: the student may read it by then.
        db.execute("select feed.send_to_person(%s, %s, 'mark', '{}')", (org, student))
        assert (stream.message() or {})["type"] == "mark"
        facts.enroll(db, org, student, course)
        assign(db, org, course, "After")
        assert title(stream) == "After"
        db.execute("update school.enrollment set status = 'dropped' where student_id = %s", (student,))
        assign(db, org, course, "Dropped")
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, student))
        assert (stream.message() or {})["type"] == "end"


def test_a_change_that_cannot_know_who_is_concerned_reaches_them(live_school: School, db: Session) -> None:
    """It looked for the student's parents before one was committed, who streams when it is."""
    org = live_school.org
    student, parent = facts.make_person(db, org, "student"), facts.make_person(db, org, "parent")
    course = facts.make_course(db, org)
    facts.enroll(db, org, student, course)
    with ExitStack() as stack:
        late = stack.enter_context(live_school.database.connect(autocommit=False))
        late.execute("delete from school.enrollment where student_id = %s", (student,))
        facts.make_guardian(db, org, parent, student)
        stream = stream_of(stack, live_school, parent, "parent")
        assign(db, org, course, "Before")
        assert title(stream) == "Before"
        late.commit()
        assign(db, org, course, "After")
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, parent))
        assert (stream.message() or {})["type"] == "end"


def test_a_director_who_is_named_meanwhile_hears_no_cohort_that_has_left(
    live_school: School, db: Session
) -> None:
    """Who directs a track is settled after the cohort has left it: the one waits for the other."""
    org = live_school.org
    director = facts.make_person(db, org, "director")
    left, joined = (row[0] for row in db.execute(TRACKS, (org, org)).fetchall())
    (cohort,) = db.execute(COHORT, (org, left)).fetchone() or ("",)
    with ExitStack() as stack:
        late = stack.enter_context(live_school.database.connect(autocommit=False))
        late.execute("update school.cohort set track_id = %s where id = %s", (joined, cohort))
        stream = stream_of(stack, live_school, director, "director")
        thread = stack.enter_context(ThreadPoolExecutor(1))
        other = stack.enter_context(live_school.database.connect())
        named = thread.submit(
            other.execute, "update school.track set director_id = %s where id = %s", (director, left)
        )
        with pytest.raises(TimeoutError):
            named.result(0.3)
        late.commit()
        named.result(60)
        db.execute("select feed.send_to_group(%s, %s, 'told', '{}')", (org, f"cohort:{cohort}"))
        db.execute("select feed.send_to_group(%s, %s, 'told', '{}')", (org, f"track:{left}"))
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, director))
        heard = [message["type"] for message in stream.until("end")]
        assert heard.count("told") == 1, "of the track, and not of the cohort"


def test_so_it_does_mentors(live_school: School, db: Session) -> None:
    """A student who leaves a cohort whose mentor was named meanwhile."""
    org = live_school.org
    mentor, student = (facts.make_person(db, org, role) for role in ("mentor", "student"))
    (track, _other) = (row[0] for row in db.execute(TRACKS, (org, org)).fetchall())
    (cohort,) = db.execute(COHORT, (org, track)).fetchone() or ("",)
    member = "insert into school.cohort_member (org_id, cohort_id, student_id) values (%s, %s, %s)"
    db.execute(member.encode(), (org, cohort, student))
    with ExitStack() as stack:
        late = stack.enter_context(live_school.database.connect(autocommit=False))
        late.execute("update school.cohort_member set status = 'withdrawn' where student_id = %s", (student,))
        stream = stream_of(stack, live_school, mentor, "mentor")
        db.execute(
            "insert into school.cohort_mentor (org_id, cohort_id, mentor_id) values (%s, %s, %s)",
            (org, cohort, mentor),
        )
        group = "select feed.send_to_group(%s, %s, 'told', '{}')"
        db.execute(group, (org, f"cohort:{cohort}"))
        assert (stream.message() or {})["type"] == "told"
        late.commit()
        db.execute(group, (org, f"cohort:{cohort}"))
        db.execute(SCORE, (org, student, 6))
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, mentor))
        heard = [message["type"] for message in stream.until("end")]
        assert heard == ["told", "end"], "of the cohort, but not of who has left"


def test_a_tutor_hears_what_becomes_theirs_unnamed(live_school: School, db: Session) -> None:
    org = live_school.org
    student, tutor = facts.make_person(db, org, "student"), facts.make_person(db, org, "tutor")
    course = facts.make_course(db, org)
    with ExitStack() as stack:
        late = stack.enter_context(live_school.database.connect(autocommit=False))
        facts.enroll(late, org, student, course)
        stream = stream_of(stack, live_school, tutor, "tutor")
        facts.make_tutor(db, org, tutor, student)
        db.execute("select feed.send_to_person(%s, %s, 'read', '{}')", (org, tutor))
        assert (stream.message() or {})["type"] == "read"
        late.commit()
        assign(db, org, course, "After")
        assert title(stream) == "After"


def test_what_was_lost_while_away_is_not_replayed(live_school: School, db: Session) -> None:
    org = live_school.org
    teacher = facts.make_person(db, org, "teacher")
    lost, kept = (facts.make_course(db, org, teacher=teacher) for _ in range(2))
    with ExitStack() as stack:
        seen = stream_of(stack, live_school, teacher, "teacher").last_id
    assign(db, org, lost, "Lost")
    assign(db, org, kept, "Kept")
    db.execute("delete from school.course_teacher where course_id = %s", (lost,))
    with ExitStack() as stack:
        stream = stream_of(stack, live_school, teacher, "teacher", f"{ANY}?cursor={seen}")
        assert title(stream) == "Kept"


@pytest.mark.parametrize("later", [False, True])
def test_what_was_computed_before_a_right_ended_is_not_told_after_it(
    live_school: School, db: Session, later: bool
) -> None:
    """later: the transaction that ends the right began before the one that computes."""
    org = live_school.org
    teacher = facts.make_person(db, org, "teacher")
    lost, kept = (facts.make_course(db, org, teacher=teacher) for _ in range(2))
    live_school.get("/api/v1/teacher/dashboard", teacher, "teacher")
    with (
        live_school.database.connect(autocommit=False) as writer,
        live_school.database.connect(autocommit=False) as change,
        ExitStack() as stack,
    ):
        stream = stream_of(stack, live_school, teacher, "teacher", TEACHER)
        assert str(lost) in str(stream.snapshot)
        student = facts.make_person(db, org, "student", name="Not theirs any more")
        facts.enroll(db, org, student, lost)
        work = facts.make_assignment(db, org, lost)
        facts.submit(db, org, work, student, 12)
        steps = [
            lambda: change.execute("delete from school.course_teacher where course_id = %s", (lost,)),
            lambda: writer.execute(
                "select board.refresh_dashboards(%s, 'teacher', array[%s])", (org, teacher)
            ),
        ]
        for step in steps if later else reversed(steps):
            step()
        change.commit()
        assign(db, org, lost, "Not heard")
        assign(db, org, kept, "Heard")
        while (stream.message() or {"title": "Heard"}).get("title") != "Heard":
            pass
        writer.commit()
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, teacher))
        messages = stream.until("end")
        messages += [] if messages[-2:-1] else stream.until("snapshot")
        assert "Not theirs" not in str(messages)
        assert str(lost) not in str(messages)
        assert "snapshot" in [message["type"] for message in messages]


@pytest.mark.parametrize(("loss", "status"), [("deactivated", 401), ("role", 403)])
def test_who_may_be_here_no_more_is_shown_out(
    live_school: School, db: Session, loss: str, status: int
) -> None:
    org = live_school.org
    teacher = facts.make_person(db, org, "teacher")
    course = facts.make_course(db, org, teacher=teacher)
    value = token(teacher, org, "teacher")
    with (
        sse(live_school.client.base_url, ANY, value) as stream,
        socket(live_school.client.base_url, "/ws/dashboard/", value) as connection,
    ):
        with db.transaction():
            db.execute(LOSSES[loss].encode(), (teacher,))
            assign(db, org, course, "Not theirs any more")
        assert stream.message() is None
        assert "Not theirs" not in str(until_closed(connection))
        assert connection.close_code == 4000 + status
    assert live_school.get(ANY, teacher, "teacher").status_code == status


def test_events_of_ones_own_making_reach_whom_they_are_for(live_school: School, db: Session) -> None:
    with ExitStack() as stack:
        ada = stream_of(stack, live_school, live_school.ada, "student")
        ben = stream_of(stack, live_school, live_school.ben, "student")
        event = {"type": "reminder", "data": {"text": "Soon"}}
        posted = live_school.post(
            "/api/v1/events", live_school.admin, "admin", {"to": {"person": str(live_school.ada)}, **event}
        ).json()
        told = ada.message() or {}
        assert (told["type"], told["event_id"], told["text"]) == ("reminder", posted["event_id"], "Soon")
        live_school.post(
            "/api/v1/events", live_school.admin, "admin", {"to": {"group": "role:student"}, **event}
        )
        assert (ada.message() or {})["event_id"] == (ben.message() or {})["event_id"] > posted["event_id"]
        refused = live_school.post(
            "/api/v1/events", live_school.ada, "student", {"to": {"group": "role:student"}, **event}
        )
        assert refused.status_code == 403
