"""`homeroom work` as a process: it works, reports, ends in order, and outlives its database."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from db.apply import ensure_database, migrate
from tests.support.jobs import LOG, Job, plant, slow
from tests.support.servers import Cluster, Database

ROOT = Path(__file__).parents[2]
PATIENCE = 30
SLEEPING = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"


class Worker:
    """A running worker and what it logs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event so far."""
        lines = map(json.loads, self._log.read_text().splitlines())
        return [line for line in lines if str(line["event"]).startswith(event)]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def working(database: Database, log: Path) -> Iterator[Worker]:
    """A worker on this database; wherever the test leaves it, it is ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": database.url()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "work"], env=environment, cwd="/", stderr=output
        )
    try:
        yield Worker(process, log)
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker's lines go."""
    return tmp_path / "worker.log"


def test_it_runs_jobs_again_and_again_and_says_which_failed(database: Database, log: Path) -> None:
    with database.connect() as db, working(database, log) as worker:
        until(lambda: worker.lines("working"))
        plant(db, Job("tick", every="1 second"), Job("bad", "select 1 / 0"))
        until(lambda: db.execute("select 1 from ops.job_run where job = 'tick' and runs >= 2").fetchone())
        (failed,) = worker.lines("job failed")
        assert failed["event"] == "job failed: bad (organization 0)"
        assert failed["detail"] == "22012: division by zero"
        assert failed["level"] == "error"
        assert worker.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_the_job_at_hand_and_no_more(
    database: Database, log: Path, number: int
) -> None:
    with database.connect() as db:
        plant(db, Job("first", slow(2)), Job("second"))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'first'")
        with working(database, log) as worker:
            until(lambda: db.execute(SLEEPING).fetchone())
            assert worker.end(number) == 0
        runs = db.execute("select job, runs from ops.job_run order by 1").fetchall()
        assert runs == [("first", 1), ("second", 0)]


def test_idle_it_ends_at_once(database: Database, log: Path) -> None:
    with working(database, log) as worker:
        until(lambda: worker.lines("working"))
        before = time.monotonic()
        assert worker.end() == 0
        assert time.monotonic() - before < 1.5


def test_killed_in_the_middle_the_job_is_still_done_once(database: Database, log: Path) -> None:
    with database.connect() as db:
        plant(db, Job("once", slow(1)))
        begun = f"{SLEEPING} union all select 1 from ops.job_run where runs > 0"
        for _ in range(3):
            with working(database, log) as worker:
                until(lambda: db.execute(begun).fetchone())
                assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        with working(database, log) as worker:
            until(lambda: db.execute("select 1 from ops.job_run where runs > 0").fetchone())
            until(lambda: worker.lines("working"))  # the job may have ended before this one began
            assert worker.end() == 0
        assert db.execute("select count(*) from public.log").fetchone() == (1,)


def test_two_workers_do_not_meet(database: Database, log: Path) -> None:
    with database.connect() as db, working(database, log) as one, working(database, log) as two:
        until(lambda: len(one.lines("working")) == 2)
        plant(db, Job("tick", LOG, every="500 milliseconds"))
        until(lambda: db.execute("select 1 from ops.job_run where runs >= 4").fetchone())
        assert (one.end(), two.end()) == (0, 0)
        twice = db.execute(
            "select count(*) from public.log "
            "group by date_bin('500 milliseconds', at, '2000-01-01') having count(*) > 1"
        )
        assert twice.fetchall() == []


def test_it_waits_for_a_database_that_is_new_or_restarts(cluster: Cluster, log: Path) -> None:
    with Cluster(cluster.version) as own:
        database = Database(own.server, own.version, "late")
        with working(database, log) as worker:
            until(lambda: worker.lines("waiting for the database"))
            ensure_database(database.url())
            until(
                lambda: any(
                    line["reason"] == "the database is not of this release: run `homeroom migrate` first"
                    for line in worker.lines("waiting for the database")
                )
            )
            migrate(database.url())
            until(lambda: worker.lines("working"))
            for starts in (2, 3):
                own.server.stop()
                until(lambda starts=starts: len(worker.lines("waiting for the database")) > starts)  # type: ignore[misc]
                own.server.start()
                until(lambda starts=starts: len(worker.lines("working")) == starts)  # type: ignore[misc]
            with database.connect() as db:
                plant(db, Job("after"))
                until(lambda: db.execute("select 1 from public.log").fetchone())
            assert worker.end() == 0
