"""`homeroom refresh` as an operator runs it: the queue, what time has changed, everybody, one, misuse."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import school
from tests.support.cli import homeroom
from tests.support.servers import Database

UNKNOWN = "6f9619ff-8b86-4d11-b42d-00c04fc964ff"
FRESH = "select student_id from board.student_dashboard_cache as c where board.is_fresh(c) order by 1"
WAITING = "select subject_id from board.dashboard_update_queue where processed_at is null order by 1"
VERSIONS = "select student_id, version, updated_at from board.student_dashboard_cache order by 1"


def run(database: Database | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`homeroom refresh <arguments>` on that database."""
    return homeroom(database, "refresh", *arguments)


def said(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a run that went well, without how long each took."""
    assert (result.returncode, result.stdout) == (0, "")
    return [re.sub(r" in \d+\.\d s$", "", line) for line in result.stderr.splitlines()]


class System:
    """Two organizations with students whose dashboards are fresh, but for two: one waits, one is stale."""

    def __init__(self, database: Database, db: psycopg.Connection[Any]) -> None:
        self.database, self.db = database, db
        self.students: list[UUID] = []
        for _ in range(2):
            org = school.make_org(db)
            self.students += [school.make_person(db, org, "student") for _ in range(3)]
        db.execute(
            "select board.refresh_students(org_id, array_agg(student_id)) "
            "from board.student_dashboard_cache group by org_id"
        )
        db.execute("update board.student_dashboard_cache set seen_at = now()")
        self.waiting, self.stale = self.students[0], self.students[4]
        db.execute(
            "insert into school.badge (org_id, student_id, name) "
            "select org_id, student_id, 'B' from board.student_dashboard_cache where student_id = %s",
            (self.waiting,),
        )
        db.execute(
            "update board.student_dashboard_cache set fresh_until = now() where student_id = %s",
            (self.stale,),
        )

    def ids(self, query: str) -> set[UUID]:
        """The students that a query answers."""
        return {row[0] for row in self.db.execute(query.encode())}

    def state(self) -> list[Any]:
        """Every document's version and time."""
        return self.db.execute(VERSIONS).fetchall()


@pytest.fixture
def system(database: Database) -> Iterator[System]:
    """The system of one test."""
    with database.connect() as db:
        system = System(database, db)
        assert system.ids(FRESH) == set(system.students) - {system.waiting, system.stale}
        yield system


def test_it_does_both_once(system: System) -> None:
    before = {row[0]: row[2] for row in system.state()}
    assert said(run(system.database)) == [
        "1 dashboard refreshed from the queue",
        "1 dashboard refreshed because time had run out",
    ]
    assert system.ids(FRESH) == set(system.students)
    after = {row[0]: row[2] for row in system.state()}
    assert {student for student in before if after[student] != before[student]} == {
        system.waiting,
        system.stale,
    }
    assert said(run(system.database)) == [
        "0 dashboards refreshed from the queue",
        "0 dashboards refreshed because time had run out",
    ]


@pytest.mark.parametrize(
    ("option", "line", "left"),
    [
        ("--queue-only", "1 dashboard refreshed from the queue", "stale"),
        ("--stale-only", "1 dashboard refreshed because time had run out", "waiting"),
    ],
)
def test_one_of_both(system: System, option: str, line: str, left: str) -> None:
    assert said(run(system.database, option)) == [line]
    assert system.ids(FRESH) == set(system.students) - {getattr(system, left)}


def test_everybody_is_put_into_the_queue(system: System) -> None:
    before = system.state()
    assert said(run(system.database, "--all")) == ["6 marks put into the queue"]
    assert system.ids(WAITING) == set(system.students)
    assert system.ids(FRESH) == set()
    assert system.state() == before, "the worker does it"
    assert said(run(system.database, "--queue-only")) == ["6 dashboards refreshed from the queue"]
    assert system.ids(FRESH) == set(system.students)


def test_everybody_is_refreshed_at_once(system: System) -> None:
    before = {row[0]: row[2] for row in system.state()}
    assert said(run(system.database, "--all", "--sync")) == [
        "6 marks put into the queue",
        "6 dashboards refreshed from the queue",
    ]
    assert system.ids(WAITING) == set()
    assert system.ids(FRESH) == set(system.students)
    assert all(row[2] > before[row[0]] for row in system.state())


def test_those_whom_a_worker_has_it_names(system: System) -> None:
    """A worker that holds two of them, for as long as this takes."""
    mine = system.students[1:3]
    with system.database.connect(autocommit=False) as worker:
        worker.execute(
            "select from board.student_dashboard_cache where student_id = any (%s) for update", (mine,)
        )
        assert said(run(system.database, "--all", "--sync")) == [
            "6 marks put into the queue",
            "4 dashboards refreshed from the queue",
            "2 marks taken by the worker, which refreshes what they mean",
        ]
    assert system.ids(WAITING) == set(mine)


def test_one_student_is_put_into_the_queue_or_refreshed(system: System) -> None:
    student = system.students[2]
    assert said(run(system.database, "--student-id", str(student))) == ["1 mark put into the queue"]
    assert system.ids(WAITING) == {system.waiting, student}
    assert said(run(system.database, "--student-id", str(student), "--sync")) == [
        "1 mark put into the queue",
        "2 dashboards refreshed from the queue",
    ]
    assert system.ids(FRESH) == set(system.students) - {system.stale}


def test_a_mask_or_a_corrupted_document_is_made_good_by_all(system: System) -> None:
    """What `--all` is for: documents that somebody changed behind the triggers' back."""
    system.db.execute("update board.student_dashboard_cache set document = '{}', badges = 77")
    run(system.database, "--all", "--sync")
    assert system.db.execute(
        "select count(*) from board.student_dashboard_cache where document::text = '{}' or badges = 77"
    ).fetchone() == (0,)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--queue-only", "--stale-only"],
        ["--all", "--queue-only"],
        ["--all", "--student-id", UNKNOWN],
        ["--stale-only", "--student-id", UNKNOWN],
    ],
    ids=" ".join,
)
def test_options_that_exclude_each_other(system: System, arguments: list[str]) -> None:
    before = system.state()
    result = run(system.database, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "exclude each other" in result.stderr
    assert system.state() == before
    assert system.ids(WAITING) == {system.waiting}


@pytest.mark.parametrize("arguments", [["--sync"], ["--sync", "--queue-only"], ["--sync", "--stale-only"]])
def test_sync_goes_with_whom_it_marks(system: System, arguments: list[str]) -> None:
    before = system.state()
    result = run(system.database, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--sync goes with --all or an id" in result.stderr
    assert system.state() == before


def test_a_student_whom_there_is_not(system: System) -> None:
    with system.database.connect() as db:
        mentor = school.make_person(db, school.make_org(db), "mentor")
    for nobody in (UNKNOWN, str(mentor)):
        result = run(system.database, "--student-id", nobody)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"Error: there is no student {nobody}\n"
    result = run(system.database, "--student-id", "1; drop table school.person")
    assert (result.returncode, result.stdout) == (2, "")
    assert system.ids(WAITING) == {system.waiting}


def test_a_student_who_cannot_be_computed_is_left_and_the_others_are_done(system: System) -> None:
    bad = system.students[1]
    system.db.execute(
        f"alter table board.student_dashboard_cache "
        f"add constraint poisoned check (student_id <> '{bad}') not valid".encode()
    )
    result = run(system.database, "--all", "--sync")
    assert result.returncode == 0
    assert system.ids(WAITING) == {bad}
    assert system.ids(FRESH) == set(system.students) - {bad}


def test_without_anybody_there_is_nothing_to_do(database: Database) -> None:
    assert said(run(database, "--all", "--sync")) == [
        "0 marks put into the queue",
        "0 dashboards refreshed from the queue",
    ]


def test_where_there_is_no_database_yet_it_says_what_to_do(database: Database) -> None:
    result = run(database.server.url("none_yet"))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == 'Error: database "none_yet" does not exist: run `homeroom migrate` first\n'
