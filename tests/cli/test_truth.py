"""`homeroom verify` and `homeroom backfill` as a person runs them: on wrong numbers, killed, misused."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import cohorts
from tests.support.cli import PATIENCE, environment, run
from tests.support.recount import drift
from tests.support.servers import Cluster, Database

STUDENTS = 30
KEPT = {
    "board.student_course_performance": "quiz_score_sum",
    "board.course_rollup": "pending_submissions",
    "board.organization_rollup": "students",
    "board.assignment_rollup": "ungraded_submissions",
    "board.cohort_member_progress": "portfolio_items",
    "board.cohort_rollup": "sessions_held",
    "board.cohort_month_rollup": "payments_paid",
}
UNKNOWN = "6f9619ff-8b86-4d11-b42d-00c04fc964ff"


def two_schools(db: psycopg.Connection[Any]) -> None:
    """Make the schools One and Two."""
    db.execute("select ops.seed_school('One', %s, '2026-01-15')", (STUDENTS,))
    db.execute("select ops.seed_school('Two', 4, '2026-01-15')")
    db.execute("select board.fold(org_id) from school.organization")


class System:
    """A database with two synthetic schools, and the command on it."""

    def __init__(self, database: Database, db: psycopg.Connection[Any]) -> None:
        self.database, self.db = database, db
        self.environment = environment(DATABASE_URL=database.url())
        self.one, self.two = (
            row[0] for row in db.execute("select org_id from school.organization order by name")
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run(self.environment, *arguments)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command beside the test; wherever the test leaves it, it is ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *arguments],
            env=self.environment,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)

    def ask(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.db.execute(query.encode(), arguments).fetchall()

    def plant(self, org: int, students: int = 1) -> list[UUID]:
        """Let a row of so many students be off by 7; who they are, in order."""
        return [
            student
            for (student,) in self.ask(
                "with chosen as (select student_id, min(course_id::text)::uuid as course_id "
                "from board.student_course_performance where org_id = %s "
                "group by student_id order by student_id limit %s), "
                "wrong as (update board.student_course_performance as p "
                "set quiz_score_sum = quiz_score_sum + 7 from chosen as s "
                "where (p.student_id, p.course_id) = (s.student_id, s.course_id) returning p.student_id) "
                "select student_id from wrong order by 1",
                org,
                students,
            )
        ]

    def people(self, org: int) -> int:
        """How many people an organization has."""
        return int(self.ask("select count(*) from school.person where org_id = %s", org)[0][0])

    def contents(self) -> dict[str, Any]:
        """Everything in every table of Homeroom, system columns included."""
        tables = self.ask(
            "select c.oid::regclass::text "
            "from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
            "where c.relkind = 'r' and n.nspowner = 'homeroom_owner'::regrole"
        )
        assert ("ops.backfill",) in tables
        return {
            table: self.ask(
                "select count(*), "
                "md5(string_agg(concat_ws(' ', t.ctid, t.xmin, t::text), ',' order by t.ctid)) "
                f"from {table} as t"
            )
            for (table,) in tables
        }


def _table(output: str) -> list[list[str]]:
    """The rows of what verify prints, without the heading."""
    return [line.split() for line in output.splitlines() if line.lstrip().startswith("board.")]


@pytest.fixture
def system(cluster: Cluster) -> Iterator[System]:
    """Two schools in a database of this test alone."""
    with cluster.prepared(two_schools) as (database, _), database.connect() as db:
        yield System(database, db)


def test_verify_finds_nothing_where_all_is_exact(system: System) -> None:
    result = system.run("verify")
    assert (result.returncode, result.stderr) == (0, "")
    assert _table(result.stdout) == [[name, "0", "0"] for name in KEPT]
    checks = system.ask(
        "select aggregate, drifting_rows, drift, checked_at > now() - interval '1 min' "
        "from ops.aggregate_check"
    )
    assert sorted(checks) == sorted((name, 0, 0, True) for name in KEPT)
    assert system.run("verify", "--repair").returncode == 0


@pytest.mark.parametrize("aggregate", KEPT)
def test_verify_names_what_drifts_and_repair_adds_it(system: System, aggregate: str) -> None:
    assert {name for (name,) in system.ask("select kept::text from ops.aggregate")} == set(KEPT)
    column = KEPT[aggregate]
    (key,) = system.ask(
        f"update {aggregate} set {column} = {column} + 7 "
        f"where ctid = (select ctid from {aggregate} where org_id = %s limit 1) "
        f"returning to_jsonb({aggregate}.*)",
        system.one,
    )[0]
    result = system.run("verify")
    assert (result.returncode, result.stderr) == (1, "")
    expected = [[name, *(["1", "7"] if name == aggregate else ["0", "0"])] for name in KEPT]
    assert _table(result.stdout) == expected
    check = "select drifting_rows, drift from ops.aggregate_check where aggregate = %s"
    assert system.ask(check, aggregate) == [(1, 7)]
    assert drift(system.db) + cohorts.drift(system.db) != [], "looking changes nothing"

    repaired = system.run("verify", "--repair")
    assert (repaired.returncode, repaired.stderr) == (0, "")
    assert _table(repaired.stdout)[: len(KEPT)] == expected
    assert _table(repaired.stdout)[len(KEPT) :] == [[name, "0", "0"] for name in KEPT]
    (line,) = [line for line in repaired.stdout.splitlines() if line.startswith("organization ")]
    names = ("student_id", "course_id", "assignment_id", "cohort_id", "month")
    ids = {f"{name}={key[name]}" for name in names if name in key}
    assert set(line.split()) == {"organization", str(system.one), aggregate, *ids, column, "-7"}
    assert system.ask(check, aggregate) == [(0, 0)]
    assert drift(system.db) + cohorts.drift(system.db) == []


def test_repair_mends_many_at_once_and_prints_each(system: System) -> None:
    system.db.execute("delete from board.course_rollup")
    system.db.execute("update board.student_course_performance set counted = not counted")
    system.db.execute("update board.organization_rollup set assignment_score_sum = -0.5")
    wrong = system.ask("select count(*) from ops.drift()")[0][0]
    result = system.run("verify", "--repair")
    assert (result.returncode, result.stderr) == (0, "")
    assert len([line for line in result.stdout.splitlines() if line.startswith("organization ")]) == wrong
    assert drift(system.db) == []


def test_two_repairs_at_once_do_not_add_twice(system: System) -> None:
    """The second has seen the drift and waits for the first, which is not through: it must look again."""
    system.plant(system.one)
    with system.database.connect(autocommit=False) as other:
        other.execute("select ops.mend_students(%s, array(select id from school.person))", (system.one,))
        with system.started("verify", "--repair") as process:
            waiting = "select 1 from pg_locks where not granted"
            _until(lambda: system.ask(waiting))
            other.commit()
            assert process.wait(PATIENCE) == 0
    assert drift(system.db) == []


def test_a_backfill_prints_and_adds_each_difference(system: System) -> None:
    planted = system.plant(system.one, 3) + system.plant(system.two, 1)
    result = system.run("backfill", "--batch", "10")
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith("organization ")]
    assert len(lines) == len(planted)
    assert all(line.endswith(" quiz_score_sum -7") for line in lines)
    for student in planted:
        assert sum(f"student_id={student} " in line for line in lines) == 1
    everybody = system.people(system.one) + system.people(system.two)
    summary = result.stderr.splitlines()[-1]
    assert summary == f"{everybody:,} people looked at; {len(planted)} differences added"
    assert f"One: 10 of {system.people(system.one)} people" in result.stderr
    assert f"One: {system.people(system.one)} of {system.people(system.one)} people" in result.stderr
    by_one = system.run("backfill", "--batch", "1", "--dry-run").stderr.splitlines()
    assert len(by_one) == len(set(by_one)) == everybody + 1, "a line for each, and the summary"
    assert drift(system.db) == []
    assert system.ask(
        "select students, differences, finished_at is null from ops.backfill order by org_id"
    ) == [
        (system.people(system.one), 3, False),
        (system.people(system.two), 1, False),
    ]
    again = system.run("backfill")
    assert "goes on" not in again.stderr
    assert again.stderr.splitlines()[-1] == f"{everybody:,} people looked at; 0 differences added"


@pytest.mark.parametrize("batch", ["1", "7", "500"])
def test_a_dry_run_prints_each_difference_and_changes_nothing(system: System, batch: str) -> None:
    assert (
        system.run("backfill", "--org", str(system.two)).returncode == 0
    )  # so that ops.backfill holds a row
    planted = system.plant(system.one, 4)
    missing = system.ask(
        "delete from board.student_course_performance where ctid = (select ctid from "
        "board.student_course_performance where org_id = %s and student_id <> all (%s) limit 1) "
        "returning student_id",
        system.one,
        planted,
    )
    nobody = system.ask(
        "insert into board.student_course_performance (org_id, student_id, course_id, quiz_score_sum) "
        "values (%s, gen_random_uuid(), gen_random_uuid(), 3) returning student_id",
        system.one,
    )
    before = system.contents()
    results = [system.run("backfill", "--dry-run", "--batch", batch) for _ in range(2)]
    assert system.contents() == before
    for result in results:
        assert result.returncode == 0, result.stderr
        lines = [line for line in result.stdout.splitlines() if line.startswith("organization ")]
        assert len(lines) == 6
        for student in [*planted, missing[0][0], nobody[0][0]]:
            assert sum(f"student_id={student}" in line for line in lines) == 1
        assert result.stderr.splitlines()[-1].endswith("; 6 differences found, nothing changed")
    added = system.run("backfill", "--batch", batch).stdout
    assert sorted(added.splitlines()) == sorted(results[0].stdout.splitlines()), "the same, and added"
    assert drift(system.db) == []


def test_a_backfill_of_one_student(system: System) -> None:
    first, second = system.plant(system.one, 2)
    before = system.contents()
    dry = system.run("backfill", "--dry-run", "--student-id", str(first))
    assert (dry.returncode, system.contents() == before) == (0, True)
    result = system.run("backfill", "--student-id", str(first))
    assert (result.returncode, result.stdout) == (0, dry.stdout)
    assert dry.stderr == "1 person looked at; 1 difference found, nothing changed\n"
    assert result.stderr == "1 person looked at; 1 difference added\n"
    (line,) = result.stdout.splitlines()
    assert f"student_id={first}" in line
    assert [row[0]["student_id"] for row in system.ask("select key from ops.drift()")] == [str(second)]
    assert system.ask("select from ops.backfill") == []


def test_a_backfill_of_one_organization(system: System) -> None:
    system.plant(system.one)
    system.plant(system.two)
    assert system.run("backfill", "--org", str(system.two)).returncode == 0
    assert system.ask("select org_id from ops.drift()") == [(system.one,)]


def test_who_is_not_there_is_said(system: System) -> None:
    unknown = system.run("backfill", "--student-id", UNKNOWN)
    assert (unknown.returncode, unknown.stderr) == (1, f"Error: there is no person {UNKNOWN}\n")
    ((student,),) = system.ask("select id from school.person where org_id = %s limit 1", system.one)
    elsewhere = system.run("backfill", "--student-id", str(student), "--org", str(system.two))
    assert elsewhere.returncode == 1
    assert elsewhere.stderr == f"Error: there is no person {student} in organization {system.two}\n"
    nowhere = system.run("backfill", "--org", "999")
    assert (nowhere.returncode, nowhere.stderr) == (1, "Error: there is no organization 999\n")


def test_a_killed_backfill_goes_on_where_it_stopped(system: System) -> None:
    planted = system.plant(system.one, STUDENTS)
    progress = "select students, started_at, last_student_id from ops.backfill where finished_at is null"
    # A lock on the row of a student in the middle holds the run there, however fast it is.
    with system.database.connect(autocommit=False) as holder:
        holder.execute(
            "select from board.student_course_performance where student_id = %s for update",
            (planted[STUDENTS // 2],),
        )
        with system.started("backfill", "--batch", "1", "--org", str(system.one)) as process:
            _until(lambda: system.ask("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
            process.send_signal(signal.SIGKILL)
            assert process.wait(PATIENCE) == -signal.SIGKILL
        _until(
            lambda: (
                not system.ask(
                    "select 1 from pg_stat_activity where application_name = 'homeroom cli' "
                    "and wait_event_type is distinct from 'Lock'"
                )
            )
        )
    _until(lambda: not system.ask("select 1 from pg_stat_activity where application_name = 'homeroom cli'"))
    ((done, began, last),) = system.ask(progress)
    assert 0 < done < system.people(system.one)
    assert planted[STUDENTS // 2 - 1] <= last < planted[STUDENTS // 2], "each batch that was through is kept"
    left = {row[0]["student_id"] for row in system.ask("select key from ops.drift()")}
    assert left == set(map(str, planted[STUDENTS // 2 :]))

    # What is planted behind is not looked at again: the run does not begin anew.
    behind = system.plant(system.one)
    assert behind == planted[:1]
    again = system.run("backfill", "--batch", "1", "--org", str(system.one))
    assert again.returncode == 0, again.stderr
    assert again.stderr.splitlines()[0] == f"One: goes on after {done:,} people"
    assert len(again.stdout.splitlines()) == STUDENTS - STUDENTS // 2
    assert system.ask("select students, started_at, differences, finished_at is null from ops.backfill") == [
        (system.people(system.one), began, STUDENTS, False)
    ]
    assert [row[0]["student_id"] for row in system.ask("select key from ops.drift()")] == list(
        map(str, behind)
    )
    assert system.run("backfill").returncode == 0
    assert drift(system.db) == []


def test_a_broken_off_backfill_begins_anew_where_asked(system: System) -> None:
    system.ask("select * from ops.backfill_step(%s, 10)", system.one)
    planted = system.plant(system.one)
    ((before,),) = system.ask("select to_jsonb(b) from ops.backfill as b")
    dry = system.run("backfill", "--dry-run", "--org", str(system.one))
    assert "1 difference found" in dry.stderr, "a dry run looks at everybody"
    assert system.ask("select to_jsonb(b) from ops.backfill as b") == [(before,)]
    result = system.run("backfill", "--restart", "--batch", "10", "--org", str(system.one))
    assert result.returncode == 0, result.stderr
    assert "goes on" not in result.stderr
    assert f"student_id={planted[0]}" in result.stdout
    assert system.ask("select students, differences from ops.backfill") == [(system.people(system.one), 1)]
    assert drift(system.db) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backfill", "--batch", "0"], "0 is not in the range 1<=x<=10000"),
        (["backfill", "--batch", "10001"], "10001 is not in the range"),
        (["backfill", "--batch", "many"], "'many' is not a valid integer"),
        (["backfill", "--org", "0"], "0 is not in the range x>=1"),
        (["backfill", "--org", "North"], "'North' is not a valid integer"),
        (["backfill", "--student-id", "1"], "'1' is not a valid UUID"),
        (["backfill", "--student-id", "' or true --"], "is not a valid UUID"),
        (["backfill", "--now"], "No such option"),
        (["verify", "--dry-run"], "No such option"),
        (["verify", "board.course_rollup"], "unexpected extra argument"),
    ],
)
def test_misuse_is_explained(arguments: list[str], message: str) -> None:
    result = run(environment(HOMEROOM_DATA_DIR="/nowhere"), *arguments)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments", [["verify"], ["verify", "--repair"], ["backfill"], ["backfill", "--dry-run"]]
)
def test_a_database_of_another_release_is_left_alone(system: System, arguments: list[str]) -> None:
    system.plant(system.one)
    system.db.execute("update ops.release set digest = 'another'")
    before = system.contents()
    result = system.run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Error: the database is not of this release: run `homeroom migrate` first\n"
    assert system.contents() == before


def test_on_the_embedded_server() -> None:
    with tempfile.TemporaryDirectory(prefix="homeroom-truth-") as folder:
        Path(folder).chmod(0o755)
        settings = environment(HOME=folder, HOMEROOM_DATA_DIR=f"{folder}/data")
        assert run(settings, "migrate").returncode == 0
        assert run(settings, "seed", "--name", "One", "--students", "20").returncode == 0
        verified = run(settings, "verify")
        assert (verified.returncode, _table(verified.stdout)) == (0, [[name, "0", "0"] for name in KEPT])
        assert run(settings, "backfill").stderr.endswith("0 differences added\n")


def _until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
