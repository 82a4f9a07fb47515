"""What a student's dashboard costs: cached, out of date, never computed; refreshed alone and set-wise.

    python -m bench.dashboard [--students 3000] [--seconds 2] [--rounds 5]

1. By HTTP, one worker and two, 32 and 256 connections, alternating rounds: the cached read against a bare
   Litestar handler of one worker with the same bytes; requests a second, and how long one took.
2. In PostgreSQL, one session: api.student_dashboard where the document is fresh, marked, or absent.
3. Refreshing all students in batches against one call in one transaction each, in the same process; each side
   in a session of its own, which has planned nothing for the other. Beside it, one call each with plans that
   are kept for any student, as a read of the dashboard has them.
4. Reads of 50 students while 200 facts a second are written for them and the worker's drain runs: how long a
   read took (median, 99th percentile), how many answers were older than a fact committed before (must be 0).
5. Facts of one student written, and the student's dashboard read, while one transaction refreshes
   everybody's, against the same in peace: nobody waits for the batch, so only the CPU is shared.

Everything runs on an embedded server that is thrown away.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import psycopg

from api import auth
from api.settings import Settings
from bench.request import MODULE, POOL, SECRET, Load, load_with
from bench.serving import BARE, serve
from db.apply import ensure_database, migrate
from db.embedded import Embedded
from db.refresh import BATCH, drain
from db.seed import seed_schools
from db.session import connect

PATH = "/api/v1/student/dashboard"
REQUIRED = 0.4
SET_WISE = 10.0
ALONE = 300  # students who are refreshed one by one
WATCHED = 50
FACTS_PER_SECOND = 200

Session = psycopg.Connection[Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=3000, help="of the synthetic school [3000]")
    parser.add_argument("--seconds", type=int, default=2, help="length of a round [2]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side [5]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            ensure_database(server.url())
            migrate(server.url())
            (school,) = seed_schools(server.url(), ["Bench"], options.students)
            with connect(server.url(), "bench") as db:
                for _ in drain(db):
                    pass
                db.execute("vacuum analyze")
                students = _students(db)
                cached_by_http(server, school.org_id, students[0], options.rounds, options.seconds)
                in_postgresql(server, db, school.org_id, students)
                set_wise(server, school.org_id, students[:ALONE])
                while_written(server, db, school.org_id, students[:WATCHED])
                beside_a_batch(server, db, school.org_id, students)


def _students(db: Session) -> list[Any]:
    rows = db.execute(
        "select student_id from board.student_dashboard_cache where cohort_id is not null "
        "order by tier = 'premium' desc, student_id"
    )
    return [row[0] for row in rows]


def cached_by_http(server: Embedded, org: int, student: Any, rounds: int, seconds: int) -> None:
    """The cached read against a handler that does nothing."""
    settings = Settings(
        api_database_url=server.url(user="homeroom_api"),
        jwt_secret=SECRET,
        database_pool_size=POOL,
        **BARE,
    )
    token = auth.sign(settings, {"sub": str(student), "org": org, "role": "student"}, 3600)
    headers = {"Authorization": f"Bearer {token}"}
    two = {**settings.environment(), "DASHBOARD_WORKERS": "2"}
    with serve(MODULE, "api", settings.environment()) as api, serve(MODULE, "api", two) as api_two:
        body = httpx.get(api.url + PATH, headers=headers, trust_env=False).raise_for_status().content
        with serve(MODULE, "bare", {"BENCH_BODY": body.decode(), "BENCH_PATH": PATH}) as bare:
            sides = {"bare handler": bare.url, "cached, one worker": api.url, "cached, two": api_two.url}
            for connections in (32, 256):
                loads: dict[str, list[Load]] = {name: [] for name in sides}
                for _ in range(rounds):
                    for name, url in sides.items():
                        loads[name].append(load_with(url + PATH, headers, seconds, connections))
                print(f"{connections} connections, {len(body):,} bytes")
                for name, found in loads.items():
                    rate = median(load.rate for load in found)
                    ratio = rate / median(load.rate for load in loads["bare handler"])
                    p50, p99 = (1000 * median(getattr(x, p) for x in found) for p in ("p50", "p99"))
                    need = f"  (required: {REQUIRED:.2f})" if "one" in name else ""
                    print(
                        f"  {name:<20}{rate:7,.0f} requests/s  {ratio:.2f}  "
                        f"median {p50:5.1f} ms, 99% under {p99:5.1f} ms{need}"
                    )


def in_postgresql(server: Embedded, db: Session, org: int, students: list[Any]) -> None:
    """One call after the other, each of another student."""
    some = students[:ALONE]
    rates: dict[str, float] = {}
    preparations = {
        "fresh": "select",
        "marked": "select board.mark_students(org_id) from school.organization",
        "never computed": "update board.student_dashboard_cache set "
        "document = null, updated_at = null, fresh_until = null",
    }
    with psycopg.connect(server.url(user="homeroom_api"), autocommit=True) as api:
        for name, preparation in preparations.items():
            db.execute(preparation.encode())
            if name == "fresh":  # the first read of an hour notes that it was
                _rate(lambda student: _read(api, org, student), some)
            rates[name] = _rate(lambda student: _read(api, org, student), some)
            print(
                f"api.student_dashboard(), {name}: {rates[name]:,.0f} calls/s "
                f"{rates[name] / rates['fresh']:.2f}"
            )


def set_wise(server: Embedded, org: int, some: list[Any]) -> None:
    """All students in batches, and some of them alone."""
    with connect(server.url(), "bench") as db:
        db.execute("select board.mark_students(%s)", (org,))
        began, done = time.perf_counter(), 0
        for batch in drain(db):
            done += batch
        together = done / (time.perf_counter() - began)
    planned_each = _alone(server, org, some, "auto")
    planned_once = _alone(server, org, some, "force_generic_plan")
    print(
        f"refresh: one by one {planned_each:,.0f} students/s 1.0, in batches of {BATCH} {together:,.0f} "
        f"{together / planned_each:.1f} (required: {SET_WISE:.1f}); "
        f"one by one with plans that are kept {planned_once:,.0f} {planned_once / planned_each:.1f}"
    )


def _alone(server: Embedded, org: int, some: list[Any], plan_cache_mode: str) -> float:
    """Students refreshed a second, each by a call in a transaction."""
    with connect(server.url(), "bench") as db:
        db.execute(f"set plan_cache_mode = {plan_cache_mode}".encode())

        def alone(student: Any) -> None:
            with db.transaction():
                db.execute("select 1 from board.refresh_student_dashboard(%s, %s)", (org, student))

        return _rate(alone, some)


def while_written(server: Embedded, db: Session, org: int, students: list[Any]) -> None:
    """Reads beside a writer and a drain: each must show what was committed before it."""
    points = dict.fromkeys(students, 0)
    base = {student: _points(server, org, student) for student in students}
    stop = threading.Event()
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
                raise

        return threading.Thread(target=run)

    def write() -> None:
        with connect(server.url(), "bench writer") as writer:
            began, written = time.perf_counter(), 0
            while not stop.is_set():
                student = random.choice(students)
                writer.execute(
                    "insert into school.point_award (org_id, student_id, points, reason) "
                    "values (%s, %s, 1, 'bench')",
                    (org, student),
                )
                points[student] += 1
                written += 1
                time.sleep(max(0, began + written / FACTS_PER_SECOND - time.perf_counter()))

    def refresh() -> None:
        with connect(server.url(), "bench worker") as worker:
            while not stop.wait(0.05):
                for _ in drain(worker):
                    pass

    threads = [guarded(write), guarded(refresh)]
    for thread in threads:
        thread.start()
    took: list[float] = []
    stale = 0
    with psycopg.connect(server.url(user="homeroom_api"), autocommit=True) as api:
        end = time.perf_counter() + 10
        while time.perf_counter() < end:
            student = random.choice(students)
            committed = base[student] + points[student]
            began = time.perf_counter()
            document = _read(api, org, student)
            took.append(time.perf_counter() - began)
            stale += document["quick_stats"]["points"] < committed
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed, failed
    p99 = quantiles(took, n=100)[98]
    print(
        f"beside {FACTS_PER_SECOND} facts/s for {len(students)} students and a drain: {len(took):,} reads, "
        f"median {1000 * median(took):.1f} ms, 99% under {1000 * p99:.1f} ms; {stale} stale"
    )


def beside_a_batch(server: Embedded, db: Session, org: int, students: list[Any]) -> None:
    """Writes and reads of one student, in peace and while a transaction refreshes all."""
    student = students[0]
    done = threading.Event()

    def refresh_all() -> None:
        with connect(server.url(), "bench batch") as batch:
            batch.execute("select board.refresh_students(%s, %s)", (org, students))
        done.set()

    def work(finished: Callable[[], bool]) -> tuple[float, float]:
        """(writes, reads) a second until then."""
        writes = reads = 0.0
        times = 0
        with psycopg.connect(server.url(user="homeroom_api"), autocommit=True) as api:
            while not finished():
                began = time.perf_counter()
                db.execute(
                    "insert into school.point_award (org_id, student_id, points, reason) "
                    "values (%s, %s, 1, 'bench')",
                    (org, student),
                )
                written = time.perf_counter()
                _read(api, org, student)
                writes += written - began
                reads += time.perf_counter() - written
                times += 1
        return times / writes, times / reads

    end = time.perf_counter() + 3
    peace = work(lambda: time.perf_counter() > end)
    batch = threading.Thread(target=refresh_all)
    batch.start()
    busy = work(done.is_set)
    batch.join()
    print(
        f"one student while {len(students):,} are refreshed in a transaction: writes {busy[0]:,.0f}/s "
        f"{busy[0] / peace[0]:.2f} of peace, reads of what was written {busy[1]:,.0f}/s "
        f"{busy[1] / peace[1]:.2f}"
    )


def _points(server: Embedded, org: int, student: Any) -> int:
    with connect(server.url(), "bench") as db:
        row = db.execute(
            "select coalesce(sum(points), 0) from school.point_award where org_id = %s and student_id = %s",
            (org, student),
        ).fetchone()
    return int(row[0]) if row else 0


def _read(api: Session, org: int, student: Any) -> dict[str, Any]:
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    row = api.execute("select (api.student_dashboard(%s, true, true)).document", (claims,)).fetchone()
    assert row
    document: dict[str, Any] = json.loads(row[0])
    return document


def _rate(work: Callable[[Any], object], items: list[Any]) -> float:
    """Items per second, after some to warm up."""
    for item in items[:10]:
        work(item)
    began = time.perf_counter()
    for item in items[10:]:
        work(item)
    return (len(items) - 10) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
