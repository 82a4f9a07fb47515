"""`homeroom work` as a process: it works, reports, ends in order, and outlives its database."""

import signal
import time
from pathlib import Path

import pytest

from db.apply import ensure_database, migrate
from tests.listener.support import PATIENCE, until, working
from tests.support import gate
from tests.support.jobs import LOG, Job, plant, slow
from tests.support.servers import Cluster, Database

HELD = f"insert into public.log (org) select $1 from (select {gate.PASS}) as l"
SLEEPING = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"


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
        gate.shut(db)
        plant(db, Job("first", HELD), Job("second"))
        db.execute("update ops.job_run set next_due = now() - interval '1 s' where job = 'first'")
        with working(database, log) as worker:
            until(lambda: gate.waiting(db))
            worker.process.send_signal(number)
            time.sleep(2)  # longer than one call begins jobs
            assert worker.process.poll() is None
            gate.release(db)
            assert worker.process.wait(PATIENCE) == 0
        runs = db.execute("select job, runs from ops.job_run order by 1").fetchall()
        assert runs == [("first", 1), ("second", 0)]


def test_idle_it_ends_at_once(database: Database, log: Path) -> None:
    with working(database, log) as worker:
        until(lambda: worker.lines("working"))
        before = time.monotonic()
        assert worker.end() == 0
        assert time.monotonic() - before < 10


def test_killed_in_the_middle_the_job_is_still_done_once(database: Database, log: Path) -> None:
    with database.connect() as db:
        plant(db, Job("once", slow(1)))
        begun = f"{SLEEPING} union all select 1 from ops.job_run where runs > 0"
        for _ in range(3):
            with working(database, log) as worker:
                until(lambda: db.execute(begun).fetchone())
                assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        before = len(worker.lines("working"))
        with working(database, log) as worker:
            until(lambda: db.execute("select 1 from ops.job_run where runs > 0").fetchone())
            # The job may have ended before this one began.
            until(lambda: len(worker.lines("working")) > before)
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
