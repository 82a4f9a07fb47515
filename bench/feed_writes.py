"""What the live feed costs those who write: each figure a ratio against a baseline of the same run.

    python -m bench.feed_writes [--quick] [rates] [open]

Everything runs on an embedded server that is thrown away, with fsync and synchronous_commit on. The sides of
`rates` are copies of one database, in which as many writers as said hand in work, one row a transaction:
`off` does without what tells the feed (all else stays), `none` has the feed and no reader, `polls` a
reader that reads every 20 ms, `sleeps` one that goes to sleep whenever it may and is
woken. They take turns. `open` keeps a transaction open while events pile up, and times the reader.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psycopg

from bench.facts import School, build, copy, new_submissions, pgbench, server, settle
from db.embedded import Embedded

SCHOOL = School(students=3_200, courses=2, works=400, graded=1)
SIDES = ("off", "none", "polls", "sleeps")
WRITERS = (1, 8, 32)
REQUIRED = 0.75  # of the rate without, at 32 writers
PAUSE = 0.02  # seconds between two reads of who polls
MOST = 10_000

# Each writer has students of its own, and gives each of them one work after the other.
SCRIPT = f"""
\\set i :i + 1
\\set student :client_id * 100 + :i % 100
\\set course (:i / 100) % {SCHOOL.courses}
\\set work {SCHOOL.graded} + :i / {100 * SCHOOL.courses}
insert into school.submission (org_id, assignment_id, course_id, student_id, submitted_at)
values (
    1, md5('work' || :course || '/' || :work)::uuid, md5('course' || :course)::uuid,
    md5('student' || :student)::uuid, now()
);
"""


class Reader(threading.Thread):
    """Follows the feed of a database until it is told to stop; counts what it did."""

    def __init__(self, url: str, *, sleeps: bool) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.events = self.reads = self.slept = 0
        self._sleeps = sleeps
        self._db = psycopg.connect(url, autocommit=True)
        self._db.execute("listen feed")
        self._cursor = _value(self._db, "select api.feed_cursor()")

    def run(self) -> None:
        asleep = False
        while not self.stop.is_set():
            got = self._read()
            if got:
                if asleep:
                    _value(self._db, "select api.feed_awake(0)")
                    asleep = False
            elif asleep:
                self.slept += 1
                list(self._db.notifies(timeout=0.5, stop_after=1))
            elif self._sleeps and _value(self._db, "select api.feed_sleep(0)"):
                asleep = True
            else:
                self.stop.wait(PAUSE)
        self._db.close()

    def _read(self) -> int:
        answer = json.loads(_value(self._db, f"select api.feed_read('{self._cursor}', {MOST})"))
        self._cursor = answer["cursor"] or _value(self._db, "select api.feed_cursor()")
        self.reads += 1
        self.events += len(answer["events"])
        return len(answer["events"])


@contextmanager
def reading(running: Embedded, side: str) -> Iterator[Reader | None]:
    """Have the side's reader follow its database meanwhile."""
    if side in ("off", "none"):
        yield None
        return
    reader = Reader(running.url(side), sleeps=side == "sleeps")
    reader.start()
    try:
        yield reader
    finally:
        reader.stop.set()
        reader.join()


def rates(running: Embedded, writers: int, rounds: int, transactions: int) -> None:
    """Compare the rates of so many writers."""
    copy(running, "facts", *SIDES)
    new_submissions(running, "off", "performance", "dirty")
    settle(running, *SIDES)
    found: dict[str, list[float]] = {side: [] for side in SIDES}
    told = dict.fromkeys(SIDES, "")
    done = 0
    for number in range(rounds + 1):  # the first warms up
        for side in SIDES if number % 2 else SIDES[::-1]:
            with reading(running, side) as reader:
                rate = pgbench(running, side, SCRIPT, transactions, clients=writers, start=done)
            if number:
                found[side].append(rate)
            if reader:
                told[side] = f"{reader.events} events, {reader.reads} reads, {reader.slept} naps"
        done += transactions
    off = median(found["off"])
    print(f"\n{writers} writers: {off:.0f} rows/s without the feed")
    for side in SIDES[1:]:
        # Of each round, what came one after the other.
        ratio = median(on / without for on, without in zip(found[side], found["off"], strict=True))
        required = f" (required: {REQUIRED})" if writers == max(WRITERS) else ""
        print(f"  {side:<8}{ratio:6.2f}{required}   last round: {told[side]}", flush=True)


def open_writer(running: Embedded, seconds: float) -> None:
    """Time reads of 100 events each while a writer stays open and events pile up."""
    copy(running, "facts", "open")
    with (
        psycopg.connect(running.url("open")) as idle,
        psycopg.connect(running.url("open"), autocommit=True) as db,
    ):
        idle.execute("select feed.send_to_person(1, md5('student1')::uuid, 'hello', '{}')")
        cursor = _value(db, "select api.feed_cursor()")
        times: list[float] = []
        print(f"\na writer stays open for {seconds:.0f} s; reads of 100 events each, median us:")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            db.execute(
                "select feed.send_to_person(1, md5('student' || i)::uuid, 'hello', '{}') "
                "from generate_series(1, 100) as i"
            )
            began = time.perf_counter()
            answer = json.loads(_value(db, f"select api.feed_read('{cursor}', {MOST})"))
            times.append(time.perf_counter() - began)
            assert len(answer["events"]) == 100
            cursor = answer["cursor"]
        tenth = len(times) // 10
        first, last = median(times[:tenth]), median(times[-tenth:])
        print(
            f"  first tenth {first * 1e6:.0f}, last tenth {last * 1e6:.0f}, ratio {last / first:.2f};",
            end=" ",
        )
        print(f"{len(times) * 100:,} events in all")
        idle.commit()
        answer = json.loads(_value(db, f"select api.feed_read('{cursor}', {MOST})"))
        assert len(answer["events"]) == 1, "what was committed late comes at last"


def _value(db: psycopg.Connection[Any], query: str) -> Any:
    row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def main() -> None:
    """Measure what is asked for, or everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="rates, open; by default both")
    parser.add_argument("--quick", action="store_true", help="a few seconds of each")
    arguments = parser.parse_args()
    parts = set(arguments.parts or ("rates", "open"))
    with server() as running:
        build(running, SCHOOL, "facts")
        if "rates" in parts:
            for writers in WRITERS:
                transactions = {1: 1500, 8: 500, 32: 200}[writers] // (5 if arguments.quick else 1)
                rates(running, writers, 3 if arguments.quick else 7, transactions)
        if "open" in parts:
            open_writer(running, 5 if arguments.quick else 60)


if __name__ == "__main__":
    main()
