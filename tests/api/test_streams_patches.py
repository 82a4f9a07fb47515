"""A dashboard's stream: a snapshot, then patches; together they are the dashboard, whatever happens."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.app import create_app
from tests.api.live import people_of, value
from tests.api.process import until
from tests.api.support import School, serving, settings_for
from tests.listener.happenings import something_happens
from tests.listener.support import working
from tests.support import feed, gate
from tests.support import school as facts
from tests.support.dashboards import refresh
from tests.support.patches import COMPARED, Followed
from tests.support.servers import Database
from tests.support.streams import PATIENCE, Sse, received, socket, sse

STUDENT = "/api/v1/student/dashboard/stream"
ANY = "/dashboard/stream"
CHANGES = {18: 500, 15: 100}
"""On 15, the same with less of it."""
MARK = "select feed.send_to_person(%s, %s, 'mark', jsonb_build_object('n', %s::text))"
SLOWLY = f"""
alter function api.student_snapshot(jsonb) rename to student_snapshot_now;
create function api.student_snapshot(claims jsonb) returns text language plpgsql as $$ begin
    perform {gate.PASS};
    return api.student_snapshot_now(claims);
end $$
"""
AT_ONCE = """
drop function api.student_snapshot(jsonb);
alter function api.student_snapshot_now(jsonb) rename to student_snapshot
"""
TEACHER = """
select t.teacher_id, array_agg(t.course_id order by t.course_id)
from school.course_teacher as t
join school.enrollment as e using (org_id, course_id)
where t.org_id = %s and e.student_id = %s
group by t.teacher_id order by count(*) desc, t.teacher_id
"""
STUDENTS = "select student_id from board.student_dashboard_cache where org_id = %s order by student_id"

Session = feed.Connection


@pytest.fixture
def db(live_school: School) -> Iterator[Session]:
    with live_school.database.connect() as connection:
        yield connection


@pytest.fixture
def student(live_school: School, db: Session) -> UUID:
    """A student of this test."""
    return facts.make_person(db, live_school.org, "student")


def opened(
    school: School, person: UUID, path: str | None = None, role: str = "student"
) -> AbstractContextManager[Sse]:
    """A stream of this person."""
    return sse(
        school.client.base_url, path or f"/api/v1/{role}/dashboard/stream", value(school, person, role)
    )


def badge(db: Session, org: int, student: UUID) -> None:
    """A change of the dashboard; and its new version."""
    db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
    refresh(db, org, student)


def read(school: School, person: UUID, role: str = "student") -> dict[str, Any]:
    """The dashboard by REST."""
    found: dict[str, Any] = school.get(f"/api/v1/{role}/dashboard", person, role).json()
    return found


def test_a_stream_begins_with_the_dashboard_and_goes_on_with_patches(
    live_school: School, db: Session, student: UUID
) -> None:
    with opened(live_school, student) as stream:
        snapshot = stream.snapshot
        assert snapshot is not None
        assert (snapshot.pop("type"), snapshot.pop("version")) == ("snapshot", 1)
        assert snapshot == read(live_school, student)
        assert stream.last_id, "as of which it goes on"
        badge(db, live_school.org, student)
        message = stream.message()
        assert message is not None
        assert message.keys() == {"type", "event_id", "version", "quick_stats", "timestamp"}
        assert (message["type"], message["version"]) == ("update", 2)
        assert message["quick_stats"] == {"badges": 1}


def test_what_becomes_null_comes_as_a_snapshot(live_school: School, db: Session, student: UUID) -> None:
    facts.make_person(db, live_school.org, "student")
    db.execute(
        "insert into school.ai_nudge (org_id, student_id, message) values (%s, %s, 'Read.')",
        (live_school.org, student),
    )
    db.execute(
        "insert into school.subscription (org_id, student_id, tier) values (%s, %s, 'premium')",
        (live_school.org, student),
    )
    with opened(live_school, student, STUDENT + "?named=1") as stream:
        assert stream.snapshot and stream.snapshot["ai_nudge"] == "Read."
        db.execute("update school.ai_nudge set dismissed_at = now() where student_id = %s", (student,))
        refresh(db, live_school.org, student)
        block = next(block for block in iter(stream.block, None) if "data" in block)
        assert block["event"] == "snapshot"
        said = json.loads(block["data"])
        assert said["ai_nudge"] is None
        assert (said.pop("type"), said.pop("version")) == ("snapshot", 2)
        assert said.pop("event_id") and said.pop("timestamp")
        assert said == read(live_school, student)


def test_a_stream_that_goes_on_begins_with_what_was_missed(
    live_school: School, db: Session, student: UUID
) -> None:
    with opened(live_school, student) as stream:
        seen = stream.last_id
    badge(db, live_school.org, student)
    with opened(live_school, student, f"{STUDENT}?cursor={seen}") as stream:
        assert stream.snapshot is None
        badge(db, live_school.org, student)
        versions = [(stream.message() or {})["version"] for _ in range(2)]
        assert versions == [2, 3]


def test_what_the_snapshot_shows_already_does_not_come_again(
    live_school: School, db: Session, student: UUID
) -> None:
    """It is younger than the cursor, here by a version."""
    refresh(db, live_school.org, student)
    db.execute(SLOWLY.encode())
    try:
        with ThreadPoolExecutor(1) as pool, live_school.database.connect() as other:

            def change() -> None:
                until(lambda: gate.waiting(other) > 0)
                badge(other, live_school.org, student)
                gate.release(other)

            gate.shut(other)
            changing = pool.submit(change)
            with opened(live_school, student) as stream:
                changing.result()
                assert stream.snapshot and stream.snapshot["version"] == 2
                badge(db, live_school.org, student)
                assert (stream.message() or {})["version"] == 3
    finally:
        db.execute(AT_ONCE)


def test_updates_come_where_they_are_asked_for(live_school: School, db: Session, student: UUID) -> None:
    def told(path: str) -> tuple[bool, list[str]]:
        with opened(live_school, student, path) as stream:
            badge(db, live_school.org, student)
            db.execute("select feed.send_to_person(%s, %s, 'note', '{}')", (live_school.org, student))
            badge(db, live_school.org, student)
            db.execute("select feed.send_to_person(%s, %s, 'last', '{}')", (live_school.org, student))
            until = "last" if "events" not in path else path.rsplit(",")[-1]
            return stream.snapshot is not None, [message["type"] for message in stream.until(until)]

    assert told(STUDENT) == (True, ["update", "note", "update", "last"])
    assert told(STUDENT + "?events=note,last") == (False, ["note", "last"])
    assert told(ANY) == (False, ["note", "last"])
    assert told(ANY + "?events=update,last") == (True, ["update", "update", "last"])


def test_a_socket_gets_updates_where_it_asks_for_them(
    live_school: School, db: Session, student: UUID
) -> None:
    who = value(live_school, live_school.admin, "admin")
    with (
        socket(live_school.client.base_url, "/ws/dashboard/?events=update,note", who) as connection,
        socket(live_school.client.base_url, "/ws/dashboard/?events=note", who) as other,
    ):
        assert received(connection)["type"] == received(other)["type"] == "welcome"
        assert received(connection)["type"] == "snapshot"
        badge(db, live_school.org, student)
        db.execute("select feed.send_to_group(%s, 'role:admin', 'note', '{}')", (live_school.org,))
        assert received(connection)["type"] == "note", "and nobody else's"
        assert received(other)["type"] == "note", "and no snapshot"


def test_a_teachers_socket_begins_with_the_dashboard_and_goes_on_with_patches(
    live_school: School, db: Session, student: UUID
) -> None:
    teacher = facts.make_person(db, live_school.org, "teacher")
    course = facts.make_course(db, live_school.org, teacher=teacher)
    facts.enroll(db, live_school.org, student, course)
    who = value(live_school, teacher, "teacher")
    with socket(live_school.client.base_url, "/ws/dashboard/?events=update", who) as connection:
        assert received(connection)["type"] == "welcome"
        snapshot = received(connection)
        assert (snapshot["type"], snapshot["version"]) == ("snapshot", 1)
        assert snapshot["cursor"] and snapshot["metrics"]["ungraded_submissions"] == 0
        facts.submit(db, live_school.org, facts.make_assignment(db, live_school.org, course), student)
        read(live_school, teacher, "teacher")
        update = received(connection)
        assert (update["type"], update["version"]) == ("update", 2)
        assert update["metrics"] == {"ungraded_submissions": 1, "active_students": 1, "total_assignments": 1}


def test_a_reset_brings_the_version_that_updates_go_on_from(
    live_school: School, db: Session, student: UUID
) -> None:
    badge(db, live_school.org, student)
    with opened(live_school, student, STUDENT + "?cursor=old") as stream:
        reset = stream.message()
        assert reset is not None
        assert (reset["type"], reset["data"]["version"]) == ("reset", 1)
        badge(db, live_school.org, student)
        assert (stream.message() or {})["version"] == 2


def test_where_they_stand_comes_as_an_update(live_school: School, db: Session, student: UUID) -> None:
    with opened(live_school, student) as stream:
        db.execute("select board.tell_leaderboard(%s, array[%s])", (live_school.org, student))
        message = stream.message()
        assert message is not None
        assert message.keys() == {"type", "event_id", "timestamp", "leaderboard"}


# --- Whatever happens


class Client:
    """A client that follows its dashboard, comes back now and then, and each time reads on or begins anew."""

    def __init__(self, school: School, person: UUID, role: str, dice: random.Random) -> None:
        self.person, self.role = person, role
        self._school, self._dice = school, dice
        self.followed = Followed()
        self._cursor: str | None = None
        self._context: AbstractContextManager[Sse] | None = None
        self._stream: Sse | None = None
        self.went_on = self.began = 0

    def connect(self) -> None:
        """Come, or come back, half of the times without a cursor."""
        self.leave()
        cursor = self._cursor if self._dice.random() < 0.5 else None
        self.went_on += cursor is not None
        self.began += cursor is None
        path = f"/api/v1/{self.role}/dashboard/stream" + (f"?cursor={cursor}" if cursor else "")
        self._context = opened(self._school, self.person, path, self.role)
        self._stream = self._context.__enter__()
        if self._stream.snapshot:
            self.followed.take(self._stream.snapshot)
        self._cursor = self._stream.last_id or self._cursor

    @property
    def is_there(self) -> bool:
        """Whether it has a stream."""
        return self._context is not None

    def leave(self) -> None:
        """Go away."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = None

    def catch_up(self, db: Session) -> None:
        """Do all that was said until now."""
        mark = str(random.random())
        db.execute(MARK, (self._school.org, self.person, mark))
        while self.take().get("n") != mark:
            pass

    def take(self) -> dict[str, Any]:
        """Do what the next message says."""
        assert self._stream is not None
        message = self._stream.message()
        assert message is not None
        self.followed.take(message)
        self._cursor = self._stream.last_id or self._cursor
        return message


@pytest.mark.long
def test_snapshot_and_patches_are_the_dashboard(database: Database, tmp_path: Path) -> None:
    """After any sequence of changes, with a worker that refreshes and clients that leave and come back."""
    dice = random.Random(5)
    with serving(create_app(settings_for(database))) as client, database.connect() as db:
        org = feed.value(db, "select ops.seed_school('Synthetic', 12, current_date)")
        people = people_of(database)
        people.org = org
        school = School(database, client, people)
        students = [row[0] for row in db.execute(STUDENTS, (org,))]
        parent = facts.make_person(db, org, "parent")
        facts.make_guardian(db, org, parent, students[0])
        clients = [Client(school, student, "student", dice) for student in students[:3]]
        teacher, courses = db.execute(TEACHER, (org, students[0])).fetchall()[0]
        clients += [Client(school, parent, "parent", dice), Client(school, teacher, "teacher", dice)]
        changed = 0
        with database.connect("homeroom_api") as acting, working(database, tmp_path / "log"):
            for one in clients:
                one.connect()
            while changed < CHANGES[database.version]:
                student = dice.choice([*students[:3], *students])
                changed += bool(something_happens(db, acting, org, student, dice))
                if dice.random() < 0.1:
                    changed += toggle(db, "guardian", org_id=org, parent_id=parent, student_id=students[1])
                if dice.random() < 0.05:
                    changed += toggle(
                        db, "course_teacher", org_id=org, teacher_id=teacher, course_id=dice.choice(courses)
                    )
                one = dice.choice(clients)
                if dice.random() < 0.5:  # else the worker, in its time
                    refresh(db, org, student)
                if dice.random() < 0.1:
                    one.connect()
                elif dice.random() < 0.05:
                    one.leave()
                elif dice.random() < 0.2 and one.is_there:
                    one.catch_up(db)
                elif dice.random() < 0.2:
                    read(school, one.person, one.role)
                if changed % 100 == 50:
                    compare(school, db, clients)
            compare(school, db, clients)
        for one in clients:
            one.leave()
    counts = [one.followed.count for one in clients]
    # Who comes back often enough without a cursor has snapshots alone.
    assert all(count["snapshot"] and not count["reset"] for count in counts), counts
    assert sum(count["update"] for count in counts) > changed / 10, counts
    assert sum(one.went_on for one in clients) and sum(one.began for one in clients) > len(clients)


def toggle(db: Session, table: str, **row: Any) -> bool:
    """Let somebody see more, or less if that is so already."""
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    if not db.execute(
        f"delete from school.{table} where ({names}) = ({places})".encode(), [*row.values()]
    ).rowcount:
        db.execute(f"insert into school.{table} ({names}) values ({places})".encode(), [*row.values()])
    return True


def compare(school: School, db: Session, clients: list[Client]) -> None:
    """Each client comes to have what is read, once the worker has stored what a read may be ahead of."""
    for client in clients:
        if not client.is_there:
            client.connect()
        deadline = time.monotonic() + PATIENCE
        while True:
            current = read(school, client.person, client.role)
            client.catch_up(db)
            wanted = {name: said for name, said in current.items() if name not in COMPARED}
            shown = client.followed.shown()
            if shown == wanted:
                break
            assert time.monotonic() < deadline, (client.role, client.followed.version, shown, wanted)
