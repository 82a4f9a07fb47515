"""How soon a dashboard shows what has happened.

    python -m bench.streams [--students 1000] [--rate 100] [--seconds 20]

So many students follow their dashboards, each on a stream of its own, while grades are given and taken back,
so many a second, each by a transaction of its own; a worker refreshes. Measured for each, from before its
commit: until the event `grade` is on the student's stream, which is the baseline, and until the patch of the
dashboard is. Then what telling new versions costs a set-wise refresh in which every document has changed,
against one that tells nothing.
Everything runs on an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import psycopg

from api import app, auth
from api.settings import Settings, load
from bench.serving import BARE, ROOT, serve
from bench.swarm import PATIENCE, open_files
from db.apply import ensure_database, migrate
from db.embedded import Embedded

MODULE = "bench.streams"
PATH = "/api/v1/student/dashboard/stream"
SECRET = "the key of a benchmark, used nowhere else"
WRITERS = 4
ROUNDS = 5
WARM_UP = 10
"""Seconds in which a new worker runs every job once."""
LEAST_CHANGED = 0.95
"""A fact may be taken back before the worker has seen it: then nothing has changed."""
# One piece of work for each student, in a course that counts.
WORK = """
select distinct on (s.student_id) s.student_id, s.id
from school.submission as s
join school.enrollment as e using (org_id, student_id, course_id)
where s.org_id = %s and s.submitted_at is not null and e.status = 'active'
order by s.student_id, s.id
"""
GRADE = """
update school.submission set
    grade = case when grade is null then 50 end, graded_at = case when grade is null then now() end
where org_id = %s and id = %s
"""
SAID = re.compile(rb'data: \{"type":"(\w+)"')

Arrivals = dict[str, list[list[float]]]
"""Of each type of message, per student: when each arrived."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=1000, help="how many follow their dashboard [1000]")
    parser.add_argument("--rate", type=int, default=100, help="facts a second [100]")
    parser.add_argument("--seconds", type=int, default=20, help="for how long [20]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            url = server.url()
            ensure_database(url)
            migrate(url)
            settings = Settings(
                api_database_url=server.url(user="homeroom_api"),
                jwt_secret=SECRET,
                **BARE,
                stream_heartbeat_seconds=3600,
                log_level="WARNING",
            )
            with psycopg.connect(url, autocommit=True) as db:
                org = one(db, "select ops.seed_school('Bench', %s, current_date)", options.students)
                work = db.execute(WORK, (org,)).fetchall()
                everybody = [student for student, _ in work]
                one(db, "select board.refresh_students(%s, %s)", org, everybody)
                db.execute("vacuum analyze")
                follow(settings, url, org, work, options.rate, options.seconds)
                telling(db, org, everybody)


# --- From fact to patch


def follow(
    settings: Settings, url: str, org: int, work: list[tuple[Any, Any]], rate: int, seconds: int
) -> None:
    """Print how long it takes until a student's stream has the event, and the patch."""
    claims = ({"sub": str(student), "org": org, "role": "student"} for student, _ in work)
    headers = [f"Authorization: Bearer {auth.sign(settings, one, 36000)}\r\n" for one in claims]
    with (
        serve(MODULE, "api", settings.environment()) as api,
        Crowd(api.url + PATH, headers) as crowd,
        worker(url),
    ):
        time.sleep(WARM_UP)
        began = write(url, org, work, rate, seconds)
        time.sleep(2)
        arrived = crowd.arrivals()
    total = sum(map(len, began.values()))
    found = {}
    for what, types in (("event (baseline)", ("grade",)), ("patch", ("update", "snapshot"))):
        took = list(matched(began, [arrived[name] for name in types]))
        assert len(took) >= LEAST_CHANGED * total, f"{what}: {len(took)} of {total}"
        cuts = quantiles(took, n=100)
        found[what] = p50, p99 = cuts[49], cuts[98]
        print(
            f"fact to {what:16} {len(work):,} students, {rate}/s, {len(took)} facts: "
            f"p50 {1000 * p50:6.1f} ms, p99 {1000 * p99:6.1f} ms"
        )
    of_event, of_patch = found.values()
    print(f"patch : event: p50 {of_patch[0] / of_event[0]:.1f}, p99 {of_patch[1] / of_event[1]:.1f}")


def write(url: str, org: int, work: list[tuple[Any, Any]], rate: int, seconds: int) -> dict[int, list[float]]:
    """Give grades and take them back; when each was about to be committed, by the student's number."""
    began: dict[int, list[float]] = defaultdict(list)
    total = rate * seconds

    def give(part: int) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            start = time.monotonic()
            for number in range(part, total, WRITERS):
                time.sleep(max(0, start + number / rate - time.monotonic()))
                which = number % len(work)
                began[which].append(time.monotonic())
                db.execute(GRADE, (org, work[which][1]))

    writers = [threading.Thread(target=give, args=(part,)) for part in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return began


def matched(began: dict[int, list[float]], arrived: list[list[list[float]]]) -> Iterator[float]:
    """From each fact to the first message about that student after it, before the next fact."""
    for student, times in began.items():
        got = sorted(at for kind in arrived for at in kind[student])
        for begin, end in zip(times, [*times[1:], float("inf")], strict=True):
            if (first := next((at for at in got if begin <= at < end), None)) is not None:
                yield first - begin


@contextmanager
def worker(url: str) -> Iterator[None]:
    """A worker, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "work"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"},
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


class Crowd:
    """Clients in a process of their own, each with a request of its own; what they get, and when."""

    def __init__(self, url: str, headers: list[str]) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, url, headers), daemon=True)

    def __enter__(self) -> Crowd:
        self._process.start()
        assert self._pipe.poll(PATIENCE) and self._pipe.recv() == "connected"
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.join()

    def arrivals(self) -> Arrivals:
        """What has come, of all but what each stream began with."""
        self._pipe.send("stop")
        assert self._pipe.poll(PATIENCE)
        found: Arrivals = self._pipe.recv()
        return found


def _run(pipe: Connection, url: str, headers: list[str]) -> None:
    open_files(len(headers) + 100)
    target = urlsplit(url)
    poll = select.epoll()
    poll.register(pipe.fileno(), select.EPOLLIN)
    clients: dict[int, tuple[int, socket.socket]] = {}
    for number, header in enumerate(headers):
        client = socket.create_connection((target.hostname, target.port))
        client.sendall(f"GET {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\n{header}\r\n".encode())
        got = b""
        while b"snapshot" not in got or not got.endswith(b"\n\n\r\n"):
            got += client.recv(65536)
            assert got.startswith(b"HTTP/1.1 200"), got
        clients[client.fileno()] = number, client
        poll.register(client.fileno(), select.EPOLLIN)
    pipe.send("connected")
    found: Arrivals = {name: [[] for _ in headers] for name in ("grade", "update", "snapshot")}
    while True:
        for file, _ in poll.poll():
            if file == pipe.fileno():
                pipe.send(found)
                return
            number, client = clients[file]
            got, at = client.recv(1 << 20), time.monotonic()
            for kind in SAID.findall(got):
                if kind.decode() in found:
                    found[kind.decode()][number].append(at)


# --- What it costs to tell


def telling(db: Any, org: int, everybody: list[Any]) -> None:
    """Print what a refresh costs in which everything has changed, told and not."""
    took: dict[bool, list[float]] = {True: [], False: []}
    versions = "select sum(version) from board.student_dashboard_cache where org_id = %s"
    for number in range(2 * ROUNDS):
        told = number % 2 == 0
        with db.transaction(force_rollback=True):
            db.execute(
                "insert into school.badge (org_id, student_id, name) select %s, s, 'B' from unnest(%s) as s",
                (org, everybody),
            )
            if not told:  # the first version of a document is not told
                db.execute(
                    "update board.student_dashboard_cache set document = null, updated_at = null, "
                    "fresh_until = null where org_id = %s",
                    (org,),
                )
            before = one(db, versions, org)
            start = time.monotonic()
            one(db, "select board.refresh_students(%s, %s)", org, everybody)
            took[told].append(time.monotonic() - start)
            assert one(db, versions, org) == before + len(everybody)
    with_events, without = median(took[True]), median(took[False])
    print(
        f"refresh of {len(everybody):,} documents that all change: {1000 * without:.0f} ms (baseline), "
        f"with an event each {1000 * with_events:.0f} ms: {with_events / without:.2f}"
    )


def one(db: Any, query: str, *parameters: Any) -> Any:
    """The one value that a query answers."""
    return db.execute(query, parameters).fetchone()[0]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        open_files(20_000)
        app.run(load(os.environ))
    else:
        main()
