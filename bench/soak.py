"""A million random changes of facts, then a recount: is every aggregate still exact?

    python -m bench.soak [--operations 1000000] [--sessions 8] [--pg 18|15] [--kill-worker]

Sessions change, delete and re-create few students, courses and works (tests/support/churn.sql), most of
them in one organization, while a worker (`homeroom work`) folds the deltas. With --kill-worker it is killed
by SIGKILL at random and started again. Every ten seconds, and at the end, all aggregates are compared with
their facts. The server is thrown away; fsync and synchronous_commit are off, which changes the speed, not
the outcome. Only committed changes are counted. Exits 1 if anything drifted.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from db.apply import ensure_database, migrate
from db.embedded import Embedded
from tests.support import churn, school
from tests.support.recount import drift
from tests.support.servers import DEBIAN_BIN

SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
LOOK_SECONDS = 10.0
LIFE_SECONDS = (0.5, 5.0)  # of a worker that will be killed


def main() -> None:
    """Churn, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operations", type=int, default=1_000_000, help="changes in all [1000000]")
    parser.add_argument("--sessions", type=int, default=8, help="sessions at once [8]")
    parser.add_argument(
        "--pg", choices=["18", "15"], default="18", help="the embedded 18, or Debian's 15 [18]"
    )
    parser.add_argument("--kill-worker", action="store_true", help="kill -9 the worker at random")
    parser.add_argument("--seed", type=int, default=1, help="of the dice [1]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeroom-soak-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        programs = DEBIAN_BIN if options.pg == "15" else None
        with Embedded(Path(home) / "data", bin_dir=programs, settings=SETTINGS) as server:
            ensure_database(server.url())
            migrate(server.url())
            sys.exit(soak(server.url(), options))


class Worker:
    """`homeroom work` as a process of its own, killed and started again if asked to."""

    def __init__(self, url: str, kill: bool) -> None:
        self.kills = 0
        self._kill = kill
        self._environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Worker:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", "work"], env=self._environment, stdout=subprocess.DEVNULL
            )
            # A worker that ends by itself is started again as well, and its message stands in the output.
            life = random.uniform(*LIFE_SECONDS) if self._kill else 1e9
            ends = time.monotonic() + life + 1  # a second to start
            while not self._over.wait(0.05) and process.poll() is None and time.monotonic() < ends:
                pass
            if process.poll() is not None:
                print(f"the worker ended with status {process.returncode}", flush=True)
                self._over.wait(1)
            elif self._over.is_set():
                process.terminate()
            else:
                process.kill()
                self.kills += 1
            process.wait()


def soak(url: str, options: argparse.Namespace) -> int:
    """Return 0 if nothing drifted."""
    drifted: dict[str, int] = {}
    looks = 0

    def look(db: psycopg.Connection) -> None:
        nonlocal looks
        looks += 1
        for aggregate, *rest in db.execute(
            "select aggregate::text, org_id, key, difference from ops.drift()"
        ):
            print("drift:", aggregate, *rest, flush=True)
            drifted[aggregate] = drifted.get(aggregate, 0) + 1
        for difference in drift(db):
            print("drift, by the tests' recount:", *difference, flush=True)
            drifted["recount"] = drifted.get("recount", 0) + 1

    with psycopg.connect(url, autocommit=True) as db:
        (version,) = db.execute("show server_version").fetchone() or ("?",)
        orgs = [school.make_org(db) for _ in range(2)]
        churn.prepare(db, orgs)
        who = [orgs[n % 4 == 3] for n in range(options.sessions)]
        each = options.operations // options.sessions
        print(
            f"PostgreSQL {version}, {options.sessions} sessions, {each * options.sessions:,} changes",
            flush=True,
        )
        began = time.monotonic()
        with (
            Worker(url, options.kill_worker) as worker,
            churn.churning(url, who, each, options.seed) as threads,
        ):
            while any(thread.is_alive() for thread in threads):
                end = time.monotonic() + LOOK_SECONDS
                while any(thread.is_alive() for thread in threads) and time.monotonic() < end:
                    time.sleep(0.1)
                look(db)
                progress(db, time.monotonic() - began, looks, worker.kills, sum(drifted.values()))
        taken = time.monotonic() - began
        look(db)
        folded = 0
        for org in orgs:
            row = db.execute("select board.fold(%s)", (org,)).fetchone()
            folded += row[0] if row else 0
        look(db)
        done = churn.counts(db)
        report(db, done, taken, looks)
        print(f"deltas left for the end: {folded:,}; the worker was killed {worker.kills} times")
        jobs(db)
        for (aggregate,) in db.execute("select kept::text from ops.aggregate order by place").fetchall():
            print(f"drift {drifted.get(aggregate, 0):6} {aggregate}")
        print(f"drift {drifted.get('recount', 0):6} by the tests' own recount")
    assert min(done.values()) > 0, "some kind of change never happened"
    return 1 if drifted else 0


def progress(db: psycopg.Connection, seconds: float, looks: int, kills: int, drifted: int) -> None:
    """Print a line."""
    row = db.execute(
        "select coalesce(sum(n), 0), (select count(*) from board.work_delta) from tests_churn.done"
    ).fetchone()
    assert row
    print(
        f"{seconds:6.0f} s {row[0]:10,} done or failed, {row[1]:7,} deltas unfolded, {looks:4} comparisons, "
        f"{kills:4} kills, {drifted} rows drifted",
        flush=True,
    )


def report(db: psycopg.Connection, done: dict[str, int], seconds: float, looks: int) -> None:
    """Print how often each kind of change was committed, and the rate."""
    kinds = {row[0] for row in db.execute("select unnest(tests_churn.kinds())")}
    changes = sum(n for kind, n in done.items() if kind in kinds)
    rate = f"{changes / seconds:,.0f} a second"
    print(f"\n{changes:,} changes committed in {seconds:,.0f} s, {rate}; {looks} comparisons")
    for kind, n in done.items():
        print(f"{n:10,} {kind}{'' if kind in kinds else ' (transactions)'}")


def jobs(db: psycopg.Connection) -> None:
    """Print how the worker's jobs fared."""
    with suppress(psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        for row in db.execute("select name, last_run, duration, failing from ops.job_status order by name"):
            print("job", *row)


if __name__ == "__main__":
    main()
