"""What an upgrade costs those who read and write meanwhile.

    python -m bench.upgrade [--quick]

On an embedded server that is thrown away, with fsync on, and a synthetic school: readers ask for
students' performance, as the API does, and writers hand in work, one row a transaction, all as fast as they
can. Meanwhile `homeroom migrate` applies this release's code again, several times: alone, and then while
somebody else's transaction has read a table and stays open. For each, the longest that one read and one
write took is set beside the longest without a migration.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from bench.facts import School, build, server
from db.apply import MigrateError, migrate
from db.embedded import Embedded

SCHOOL = School(students=3_200, courses=2, works=400, graded=50)
READERS, WRITERS = 2, 2
OPEN_SECONDS = 8.0
"""How long the report stays open. A migration gives way after three seconds, and tries again."""


class Load:
    """Readers and writers, each on a connection of its own; how long each of their statements took."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.took: dict[str, list[tuple[float, float]]] = {"read": [], "write": []}
        self.errors: list[str] = []
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let them work for as long as the block lasts."""
        crowd = [("read", READERS), ("write", WRITERS)]
        threads = [
            threading.Thread(target=self._work, args=(kind, number))
            for kind, many in crowd
            for number in range(many)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def longest(self, kind: str, since: float, until: float) -> float:
        """Of the statements that ran at some time in between, in milliseconds."""
        return max(
            (1000 * (end - begun) for begun, end in self.took[kind] if end > since and begun < until),
            default=0.0,
        )

    def _work(self, kind: str, number: int) -> None:
        with psycopg.connect(self.url, autocommit=True) as db:
            turn = 0
            while not self._over.is_set():
                begun = time.perf_counter()
                try:
                    (self._read if kind == "read" else self._write)(db, number, turn)
                except psycopg.Error as error:
                    self.errors.append(f"{kind}: {error}")
                self.took[kind].append((begun, time.perf_counter()))
                turn += 1

    @staticmethod
    def _read(db: psycopg.Connection[Any], number: int, turn: int) -> None:
        row = db.execute("select md5('student' || %s)::uuid", ((number + turn * READERS) % 1000,)).fetchone()
        assert row
        who = {"org": 1, "sub": str(row[0]), "role": "student"}
        with db.transaction():
            db.execute("set local role homeroom_api")
            db.execute("select (api.student_performance(%s)).document", (json.dumps(who),))

    @staticmethod
    def _write(db: psycopg.Connection[Any], number: int, turn: int) -> None:
        student = 1000 * (1 + number) + turn % 1000
        work = SCHOOL.graded + turn // 1000
        db.execute(
            "insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at) "
            "values (1, md5('work0/' || %s::text)::uuid, md5('course0')::uuid, "
            "md5('student' || %s::text)::uuid, "
            "now()) on conflict do nothing",
            (work, student),
        )


def timed_migrate(url: str) -> tuple[float, int]:
    """Seconds that a run took, and how often it gave way."""
    said: list[str] = []
    begun = time.perf_counter()
    try:
        migrate(url, say=said.append)
    except MigrateError as error:
        said.append(str(error))
    return time.perf_counter() - begun, sum("busy" in line for line in said)


def report(label: str, load: Load, since: float, until: float, more: str = "") -> None:
    """Print a row."""
    read, write = (load.longest(kind, since, until) for kind in ("read", "write"))
    print(f"{label:44} longest read {read:7.0f} ms   longest write {write:7.0f} ms   {more}", flush=True)


def measure(running: Embedded, runs: int, seconds: float) -> None:
    """All of it."""
    url = running.url("upgrade")
    begun = time.perf_counter()
    build(running, SCHOOL, "upgrade")
    print(f"school made in {time.perf_counter() - begun:.0f} s")
    alone, _ = timed_migrate(url)
    print(f"migrate of the same release, nobody else there: {alone:.2f} s")
    load = Load(url)
    with load.running():
        time.sleep(1)
        since = time.perf_counter()
        time.sleep(seconds)
        report("without a migration", load, since, time.perf_counter())
        for run in range(runs):
            since = time.perf_counter()
            took, gave_way = timed_migrate(url)
            until = time.perf_counter()
            time.sleep(1)  # who was waiting has gone on
            report(f"migrate, run {run + 1}", load, since, until, f"took {took:.2f} s, gave way {gave_way}x")
        with psycopg.connect(url) as other:
            other.execute("select count(*) from school.assignment")
            end = threading.Timer(OPEN_SECONDS, other.rollback)
            end.start()
            since = time.perf_counter()
            took, gave_way = timed_migrate(url)
            until = time.perf_counter()
            time.sleep(1)
            report(
                f"migrate, beside a report of {OPEN_SECONDS:.0f} s",
                load, since, until, f"took {took:.2f} s, gave way {gave_way}x",
            )  # fmt: skip
            end.join()
    done = {kind: len(took) for kind, took in load.took.items()}
    print(f"{done['read']} reads, {done['write']} writes, {len(load.errors)} errors {load.errors[:3]}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with server() as running:
        measure(running, 1 if quick else 5, 3 if quick else 10)


if __name__ == "__main__":
    main()
