"""The live feed as the API's login asks for it, and a reader that follows it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from uuid import UUID

import psycopg

from tests.support import school

Connection = psycopg.Connection[Any]
Event = dict[str, Any]

MOST = 100_000


def value(db: Connection, query: str, *arguments: Any) -> Any:
    """Return the one value of a query that answers one row."""
    row = db.execute(query.encode(), arguments).fetchone()
    assert row is not None
    return row[0]


def claims(org: int, person: UUID, role: str) -> str:
    """Return what a token says."""
    return json.dumps({"sub": str(person), "org": org, "role": role})


def cursor(api: Connection) -> str:
    """Return the cursor of now."""
    found: str = value(api, "select api.feed_cursor()")
    return found


def read(api: Connection, since: str | None, most: int = MOST) -> dict[str, Any]:
    """Return what a process reads: cursor, reset, events."""
    found: dict[str, Any] = json.loads(value(api, "select api.feed_read(%s, %s)", since, most))
    return found


def events(api: Connection, since: str, *kinds: str) -> list[Event]:
    """Return the events since a cursor that is valid; those of these kinds, where any is named."""
    answer = read(api, since)
    assert answer["reset"] is False
    return [event for event in answer["events"] if not kinds or event["kind"] in kinds]


def kinds(api: Connection, since: str) -> list[str]:
    """Return their kinds, in the order in which they were written, without rights."""
    return [event["kind"] for event in events(api, since) if event["kind"] != "rights"]


def replay(api: Connection, who: str, since: str | None, wanted: list[str] | None = None) -> dict[str, Any]:
    """Return what a person gets who begins a stream: reset, cursor, topics, events."""
    found: dict[str, Any] = value(api, "select api.feed_replay(%s, %s, %s)", who, since, wanted)
    return found


def topics(api: Connection, who: str) -> set[str]:
    """Return what a person hears."""
    return set(value(api, "select api.feed_topics(%s)", who)["topics"])


class World:
    """A student in a course, whose teacher and admin are there too."""

    def __init__(self, db: Connection) -> None:
        self.org = school.make_org(db)
        self.student = school.make_person(db, self.org, "student", name="Ann", email="ann@school.example")
        self.teacher = school.make_person(db, self.org, "teacher")
        self.admin = school.make_person(db, self.org, "admin")
        self.course = school.make_course(db, self.org, teacher=self.teacher)
        school.enroll(db, self.org, self.student, self.course)
        self.assignment = school.make_assignment(db, self.org, self.course)


class Reader(threading.Thread):
    """Follows the feed and never polls while it sleeps: only a notification wakes it, however late.

    It ends when it has read so many events, or raises in join() what went wrong.
    """

    def __init__(self, url: str, slot: int, wanted: int, patience: float = 60) -> None:
        super().__init__(daemon=True)
        self.ids: list[int] = []
        self.slept = self.woken = 0
        self.error: BaseException | None = None
        self._slot = slot
        self._wanted = wanted
        self._patience = patience
        self._db = psycopg.connect(url, autocommit=True)
        self._db.execute("listen feed")
        self._cursor = cursor(self._db)

    def run(self) -> None:
        try:
            with self._db:
                while len(self.ids) < self._wanted:
                    self._read()
                    if value(self._db, "select api.feed_sleep(%s)", self._slot):
                        if not self._read():
                            self._sleep()
                        assert value(self._db, "select api.feed_awake(%s)", self._slot)
        except BaseException as error:
            self.error = error

    def finish(self) -> None:
        """Wait for the end, and raise what went wrong."""
        self.join(self._patience + 10)
        if self.error:
            raise self.error

    def _read(self) -> int:
        answer = read(self._db, self._cursor)
        assert not answer["reset"]
        self._cursor = answer["cursor"]
        self.ids += [event["id"] for event in answer["events"]]
        return len(answer["events"])

    def _sleep(self) -> None:
        if len(self.ids) >= self._wanted:
            return
        self.slept += 1
        for _ in self._db.notifies(timeout=self._patience, stop_after=1):
            self.woken += 1
            return
        raise TimeoutError(f"slot {self._slot} sleeps with {len(self.ids)} of {self._wanted} events")


def wait_for(db: Connection, query: str, *arguments: Any) -> None:
    """Wait until a query answers true."""
    deadline = time.monotonic() + 60
    while not value(db, query, *arguments):
        assert time.monotonic() < deadline, query
        time.sleep(0.01)
