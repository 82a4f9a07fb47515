"""Synthetic schools: `homeroom seed` and `homeroom up --demo`.

The functions ops.seed_* make them; here they are called for some classes at a time, each time in a
transaction of its own. So memory does not grow with the school, and a run that was cut short is taken up
where it ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from db.session import OWNER, connect, lock_holder, try_lock

Connection = psycopg.Connection[Any]
# Is told (school, students made so far, students that it will have).
Progress = Callable[[str, int, int], None]

LEAST_STUDENTS = 2
MOST_STUDENTS = 1_000_000
CLASS_STUDENTS = 30
HOUSE_STUDENTS = (
    90  # in three classes; a transaction makes whole houses, so that what it leaves can be gone on with
)
CLASSES_AT_ONCE = 33
SEED_LOCK = 0x73656564  # "seed", to be recognized in pg_locks
LOCK_SECONDS = 5  # the server notices within one that a client was killed
POLL_SECONDS = 0.1
FACTS = (
    "person",
    "person_role",
    "guardian",
    "tutor_student",
    "course",
    "course_teacher",
    "enrollment",
    "assignment",
    "submission",
    "quiz",
    "quiz_attempt",
    "interaction",
    "program",
    "track",
    "cohort",
    "cohort_member",
    "cohort_mentor",
    "mentor_session",
    "session_attendance",
    "milestone",
    "calendar_event",
    "competency",
    "competency_score",
    "readiness_score",
    "mission",
    "mission_attempt",
    "portfolio_item",
    "habit",
    "habit_log",
    "goal",
    "point_award",
    "badge",
    "notification",
    "ai_nudge",
    "subscription",
    "payment",
    "refund",
)


class SeedFailed(Exception):
    """The school cannot be made, or not be finished; the message says why. What was made before stays."""


@dataclass(frozen=True)
class School:
    """What became of a school. made: students that this run added; 0 when it was complete already."""

    org_id: int
    name: str
    students: int
    made: int


@dataclass(frozen=True)
class _State:
    """How far a school is. students: how many it has; they are made in the order of their numbers."""

    org_id: int
    today: date | None
    students: int


def seed_schools(
    url: str,
    names: list[str],
    students: int,
    *,
    today: date | None = None,
    classes_at_once: int = CLASSES_AT_ONCE,
    progress: Progress = lambda *_: None,
) -> list[School]:
    """Make, or finish, a synthetic school of each name with so many students.

    today: the day as of which the schools look, by default that on which each is begun.
    classes_at_once: how many are made in one transaction, a multiple of three; no influence on the school.
    May be repeated: what is there is recognized. Raises SeedFailed.
    """
    with _session(url) as connection:
        schools = [
            _seed(connection, name, students, today, CLASS_STUDENTS * classes_at_once, progress)
            for name in names
        ]
        for school in schools:
            if school.made:  # or the job would, within a minute
                connection.execute("select board.refresh_leaderboard(%s)", (school.org_id,))
        if any(school.made for school in schools):
            _analyze(connection)
        return schools


def _seed(
    connection: Connection, name: str, students: int, today: date | None, at_once: int, progress: Progress
) -> School:
    state = _state(connection, name)
    if state:
        _require_fitting(state, name, students, today)
    before = done = state.students if state else 0
    org = state.org_id if state else 0
    day = (state and state.today) or today or date.today()
    progress(name, done, students)
    while done < students:
        first_class = done // CLASS_STUDENTS + 1
        done = min(done + at_once, students)
        last_class = -(-done // CLASS_STUDENTS)
        with connection.transaction():
            if not org:  # together with the first classes: where an organization is, there is its first day
                org = _value(connection.execute("select ops.seed_organization(%s, %s)", (name, day)))
            connection.execute(
                "select ops.seed_classes(%s, %s, %s, %s, %s)", (org, first_class, last_class, students, day)
            )
        progress(name, done, students)
    return School(org, name, students, done - before)


def _require_fitting(state: _State, name: str, students: int, today: date | None) -> None:
    """Raise SeedFailed unless the school that is there is the one asked for, or a beginning of it."""
    if state.students > students or (state.students < students and state.students % HOUSE_STUDENTS):
        raise SeedFailed(f"{name} is there already, with {state.students:,} students: give another name")
    if today and state.today and state.today != today:
        raise SeedFailed(f"{name} is there already, as of {state.today}: give that day or another name")
    if state.students < students and not state.today:
        raise SeedFailed(f"{name} was changed since it was begun and cannot be finished: give another name")


def _state(connection: Connection, name: str) -> _State | None:
    row = connection.execute("select org_id, today, students from ops.seed_progress(%s)", (name,)).fetchone()
    return _State(*row) if row else None


def _analyze(connection: Connection) -> None:
    """Let the planner know at once of what was made."""
    for fact in FACTS:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier("school", fact)))
    connection.execute("select ops.analyze_aggregates()")


@contextmanager
def _session(url: str) -> Iterator[Connection]:
    """Hold the seed lock in an autocommit session of the owner."""
    with connect(url, "seed") as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        # If this process dies, the server sees it within a second, and the lock is free.
        connection.execute(
            "set client_connection_check_interval = '1s'; set work_mem = '64MB'; set jit = off"
        )
        deadline = time.monotonic() + LOCK_SECONDS
        while not try_lock(connection, SEED_LOCK):
            if time.monotonic() > deadline:
                holder = lock_holder(connection, SEED_LOCK)
                raise SeedFailed(f"schools are being made in this database ({holder}); wait until that ends")
            time.sleep(POLL_SECONDS)
        yield connection


def _value(cursor: psycopg.Cursor[Any]) -> Any:
    """The one value of a statement that always answers one."""
    row = cursor.fetchone()
    assert row is not None
    return row[0]
