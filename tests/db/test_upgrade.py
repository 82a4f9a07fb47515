"""A database of a former release, with facts in it, ends with exact aggregates: also those that are new."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db import apply, tree
from tests.support import school
from tests.support.recount import drift
from tests.support.servers import Cluster, Database

FORMER = "0008_ingest"


@pytest.fixture
def former(cluster: Cluster) -> Iterator[Database]:
    """A database at the former release's tables, without code, with facts that no trigger has counted."""
    with cluster.prepared(_step_back) as (database, _):
        yield database


def _step_back(db: psycopg.Connection[Any]) -> None:
    newer = [m.name for m in tree.migrations() if m.name > FORMER]
    assert apply.rollback(db.info.dsn, len(newer)).migrations == newer[::-1]
    for size in (3, 2):
        _facts(db, size)
    # A part of them was counted by the triggers of then, whose numbers are not the facts' any more.
    db.execute(
        "insert into board.student_course_performance (org_id, student_id, course_id, counted, "
        "total_quizzes_completed, quiz_score_sum) select org_id, student_id, course_id, true, 1, 5 "
        "from school.enrollment where status = 'active'"
    )


def _facts(db: psycopg.Connection[Any], size: int) -> None:
    """An organization with everything that is counted."""
    org = school.make_org(db)
    courses = [school.make_course(db, org) for _ in range(size)]
    for number in range(size * 4):
        student = school.make_person(db, org, "student")
        for place, course in enumerate(courses):
            if status := ("active", "completed", "dropped", None)[(number + place) % 4]:
                school.enroll(db, org, student, course, status)
            school.attempt(db, org, school.make_quiz(db, org, course), student, 50 + number + place / 3)
            school.attempt(db, org, school.make_quiz(db, org, course), student, None)
            school.submit(db, org, school.make_assignment(db, org, course), student, 40 + number)
            school.submit(db, org, school.make_assignment(db, org, course), student)
            school.submit(db, org, school.make_assignment(db, org, course), student, submitted_at=None)


def _aggregates(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return db.execute(
        "select 'row', to_jsonb(p) - 'last_performance_update' from board.student_course_performance as p "
        "union all select 'course', to_jsonb(c) from board.course_total as c "
        "union all select 'assignment', to_jsonb(a) from board.assignment_total as a "
        "union all select 'organization', to_jsonb(o) from board.organization_total as o order by 1, 2"
    ).fetchall()


def _checked(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return db.execute("select aggregate, drifting_rows, drift from ops.aggregate_check order by 1").fetchall()


def _count(db: psycopg.Connection[Any], table: str) -> int:
    row = db.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row
    return int(row[0])


def test_facts_of_before_are_counted(former: Database) -> None:
    said: list[str] = []
    apply.migrate(former.url(), say=said.append)
    with former.connect() as db:
        assert drift(db) == []
        assert _count(db, "board.course_rollup") == 5
        assert _count(db, "board.organization_rollup") == 2
        assert _count(db, "board.student_course_performance") == 4 * (3 * 3 + 2 * 2)
        assert [rows[1:] for rows in _checked(db)] == [(0, 0)] * _count(db, "ops.aggregate")
        orgs = [row[0] for row in db.execute("select org_id from school.organization order by 1")]
        names = [row[0] for row in db.execute("select kept::text from ops.aggregate order by place")]
    counted = [line for line in said if line.startswith("counting ")]
    assert counted == [f"counting {name} of organization {org}" for name in names for org in orgs]


def test_what_comes_after_is_added(former: Database) -> None:
    apply.migrate(former.url())
    with former.connect() as db:
        _facts(db, 2)
        db.execute("update school.submission set grade = 1 where grade > 45")
        db.execute("update school.enrollment set status = 'dropped' where status = 'completed'")
        assert drift(db) == []
        db.execute("select board.fold(org_id) from school.organization")
        assert drift(db) == []


def test_again_is_harmless(former: Database) -> None:
    apply.migrate(former.url())
    with former.connect() as db:
        before = _aggregates(db)
        said: list[str] = []
        for _ in range(2):
            assert not apply.migrate(former.url(), say=said.append).changed
        assert not [line for line in said if line.startswith("counting ")], "nothing is counted twice"
        assert _aggregates(db) == before
        assert drift(db) == []


@pytest.mark.long
@pytest.mark.parametrize("counted", range(8))
def test_a_run_killed_while_counting_is_finished_by_the_next(former: Database, counted: int) -> None:
    """Killed when `counted` of the eight (an aggregate of an organization) are through."""
    script = (
        "import sys; from db import apply\n"
        "apply.migrate(sys.argv[1], say=lambda line: (print(line, flush=True), sys.stdin.readline()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, former.url()],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        begun = 0
        while begun <= counted:
            line = process.stdout.readline()
            assert line, "it ended too early"
            begun += line.startswith("counting ")
            if begun <= counted:
                process.stdin.write("\n")
                process.stdin.flush()
        process.send_signal(signal.SIGKILL)
    with former.connect() as db:
        assert _checked(db) == []
        assert drift(db) != []
        _facts(db, 2)  # the triggers are there already
        apply.migrate(former.url())
        assert drift(db) == []
        assert len(_checked(db)) == 7


def test_verifying_is_not_counting(former: Database) -> None:
    """A comparison between a run that was killed and the next leaves the next its work."""
    with pytest.raises(InterruptedError):
        apply.migrate(former.url(), say=_interrupt)
    with former.connect() as db:
        db.execute("select ops.verify()")
        assert drift(db) != []
        apply.migrate(former.url())
        assert drift(db) == []


def _interrupt(line: str) -> None:
    if line.startswith("counting "):
        raise InterruptedError


def test_a_writer_meanwhile_is_counted_once(former: Database) -> None:
    """Between two counts, when the triggers are there and the numbers of before are not."""
    said: list[str] = []
    with former.connect() as db:

        def say(line: str) -> None:
            said.append(line)
            if line.startswith("counting "):
                db.execute("update school.quiz_attempt set score = 100 - score where score is not null")
                db.execute("update school.enrollment set status = 'completed' where status = 'dropped'")
                _facts(db, 1)

        apply.migrate(former.url(), say=say)
        assert len([line for line in said if line.startswith("counting ")]) == 14
        assert drift(db) == []


def test_a_recalculation_meanwhile_is_not_added_twice(former: Database) -> None:
    """It has added what is missing, and is not through when the count of the same begins."""
    mended: list[threading.Thread] = []

    def mend() -> None:
        with former.connect(autocommit=False) as other:
            other.execute(
                "select ops.mend_students(o.org_id, array(select id from school.person)) "
                "from school.organization as o"
            )
            begun.set()
            with former.connect() as db:
                deadline = time.monotonic() + 60
                while not db.execute("select 1 from pg_locks where not granted").fetchone():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)

    begun = threading.Event()

    def say(line: str) -> None:
        if line.startswith("counting ") and not mended:
            mended.append(threading.Thread(target=mend))
            mended[0].start()
            assert begun.wait(60)

    apply.migrate(former.url(), say=say)
    mended[0].join(90)
    with former.connect() as db:
        assert drift(db) == []


def test_an_aggregate_that_is_new_to_the_registry_is_counted(database: Database) -> None:
    """What every later release relies on: whatever nobody has verified yet is counted from the facts."""
    with database.connect() as db:
        _facts(db, 2)
        db.execute("select board.fold(org_id) from school.organization")
        db.execute("delete from board.course_rollup")
        db.execute("delete from ops.aggregate_check where aggregate = 'board.course_rollup'")
        said: list[str] = []
        apply.migrate(database.url(), say=said.append)
        assert [line.split()[1] for line in said if line.startswith("counting ")] == ["board.course_rollup"]
        assert drift(db) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "oldest_undone", ["0020_assignment_totals", "0016_messages", "0011_truth", "0010_jobs", "0009_totals"]
)
def test_facts_written_between_a_step_back_and_the_next_migrate_are_counted(
    database: Database, oldest_undone: str
) -> None:
    """Nothing counts while the code is away."""
    undone = [m.name for m in tree.migrations() if m.name >= oldest_undone]
    with database.connect() as db:
        _facts(db, 1)
        assert apply.rollback(database.url(), len(undone)).migrations == undone[::-1]
        _facts(db, 2)
        db.execute("delete from school.submission where grade > 45")
        apply.migrate(database.url())
        assert drift(db) == []
