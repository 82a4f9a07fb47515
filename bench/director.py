"""What directors' dashboards cost: to refresh, after a fact, to read, and those who write.

    python -m bench.director [--quick] [refresh] [fact] [read] [writers]

refresh: every cohort and every director of a large organization (500 directors, 100 programs, 2,000 cohorts
    of 50) set-wise, against one by one; the numbers from the totals against the facts, by plain GROUP BYs.
fact: one cohort's fact, then the summary and the cohort's page, fresh; against reading both unchanged.
read: a cached summary and a cached cohort page of who has 10 cohorts and of who has 2,000, in turns, with the
    pages read; and the list, which is counted as it is read.
writers: 32 writers into one cohort against 32 writers into 32 cohorts of 32 directors, with a worker that
    refreshes meanwhile.

Everything runs on an embedded server that is thrown away, with fsync and synchronous_commit on.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import md5
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import psycopg

from bench.facts import copy, execute, pgbench, server
from db.embedded import Embedded

WRITERS = 32
SAME = 1.1
KEPT = 0.9

SQL = Path(__file__).parent / "sql"
ORGANIZATION, MEMBERS, RECOUNT = (
    (SQL / f"director_{name}.sql").read_bytes() for name in ("organization", "members", "recount")
)
SUMMARY = "select (api.director_summary(%s)).document"
# The first director has all tracks but one, which has ten cohorts.
ONE_TRACK = """
update school.track set director_id = md5('director' || (id = md5('track1')::uuid)::integer)::uuid
"""
PAGE = "select (api.director_cohort(%s, md5('cohort0')::uuid)).document"
LIST = "select api.director_cohorts(%s, sort => 'readiness', descending => true)"
SCORE = """
insert into school.readiness_score (org_id, student_id, scored_at, score)
values (1, md5('student0')::uuid, clock_timestamp(), 50)
"""
WRITE = """
\\set i :i + 1
\\set student {student} * {members} + (:client_id + :i * 32) % {members}
insert into school.readiness_score (org_id, student_id, scored_at, score)
values (1, md5('student' || :student)::uuid, clock_timestamp() + :client_id * interval '1 us', :i % 101);
"""

Session = psycopg.Connection[Any]


@dataclass(frozen=True)
class Programs:
    """An organization: students are members of one cohort each; a director has tracks / directors tracks."""

    directors: int
    programs: int
    tracks: int
    cohorts: int
    members: int


def build(running: Embedded, database: str, shape: Programs) -> float:
    """Make a database with such an organization, by way of the triggers; the seconds that it took."""
    copy(running, "empty", database)
    began = time.perf_counter()
    step = 20_000 // shape.members * shape.members
    with psycopg.connect(running.url(database), autocommit=True, cursor_factory=psycopg.ClientCursor) as db:
        db.execute(ORGANIZATION, asdict(shape))
        for first in range(0, shape.cohorts * shape.members, step):
            last = min(first + step, shape.cohorts * shape.members) - 1
            with db.transaction():
                db.execute("set local homeroom.feed_bulk = 'on'")
                db.execute(MEMBERS, asdict(shape) | {"first": first, "last": last})
            db.execute("select board.fold(1)")
            if first == 0:
                db.execute("analyze")
        # As if all of it had been seen: what follows measures refreshes, not the work of an import.
        db.execute("update board.dashboard_update_queue set processed_at = now() where processed_at is null")
        db.execute("vacuum analyze")
    return time.perf_counter() - began


def claims(role: str, number: int = 0) -> str:
    """Who asks."""
    return json.dumps({"sub": _md5(f"{role}{number}"), "org": 1, "role": role})


def _md5(name: str) -> str:
    return str(UUID(md5(name.encode()).hexdigest()))


@contextmanager
def session(running: Embedded, database: str, user: str | None = None) -> Iterator[Session]:
    """A connection; of the API's login where named."""
    url = running.url(database, user) if user else running.url(database)
    with psycopg.connect(url, autocommit=True) as db:
        yield db


def ask(db: Session, query: str, who: str) -> None:
    """Have a call answered."""
    db.execute(query.encode(), (who,), prepare=True).fetchall()


def timed(work: Callable[[], Any], rounds: int = 1) -> float:
    """Milliseconds that it takes, the median."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


def refresh(running: Embedded, database: str, shape: Programs) -> None:
    """Print what it takes to refresh everybody, set-wise and one by one."""
    print(
        f"\nrefresh: {shape.directors:,} directors, {shape.programs} programs, {shape.cohorts:,} cohorts "
        f"of {shape.members} members"
    )
    with session(running, database) as db, session(running, database) as alone:
        cohorts = [c for (c,) in db.execute("select id from school.cohort order by id").fetchall()]
        people = [_md5(f"director{n}") for n in range(shape.directors)]
        # Who has never looked has no document: all have.
        db.execute("update board.director_cohort_dashboard set seen_at = now()")
        db.execute("update board.dashboard_cache set seen_at = now()")
        few = cohorts[: max(20, len(cohorts) // 20)]
        set_wise = timed(lambda: [
            db.execute("select board.refresh_cohorts(1, %s)", (cohorts[at : at + 100],))
            for at in range(0, len(cohorts), 100)
        ])  # fmt: skip
        one = timed(lambda: [alone.execute("select board.refresh_cohorts(1, %s)", ([c],)) for c in few])
        _compared("cohorts", len(cohorts), set_wise, len(few), one)
        some = people[: max(20, len(people) // 10)]
        query = "select board.refresh_dashboards(1, 'director', %s)"
        set_wise = timed(lambda: [
            db.execute(query, (people[at : at + 100],)) for at in range(0, len(people), 100)
        ])  # fmt: skip
        one = timed(lambda: [alone.execute(query, ([p],)) for p in some])
        _compared("directors", len(people), set_wise, len(some), one)
        states = timed(
            lambda: db.execute("select * from board.cohort_states(1, %s)", (cohorts,)).fetchall(), 5
        )
        raw = timed(lambda: db.execute(RECOUNT).fetchall(), 3)
        print(
            f"  all cohorts' numbers from the totals {states:9.1f} ms   "
            f"a few of them from the facts {raw:9.1f} ms   {raw / states:6.1f} x"
        )


def _compared(what: str, all_: int, set_wise: float, some: int, one: float) -> None:
    print(
        f"  {what:<10} set-wise {1000 * all_ / set_wise:9,.0f}/s ({set_wise / 1000:.1f} s in all)   "
        f"one by one {1000 * some / one:9,.0f}/s   {(all_ / set_wise) / (some / one):6.1f} x"
    )


def after_a_fact(running: Embedded, database: str, rounds: int) -> None:
    """Print what reading costs when a fact has just put it out of date."""
    print("\nfact: a readiness score of one member, then a read, which is fresh; milliseconds")
    with session(running, database) as db, session(running, database, "homeroom_api") as api:
        for name, query, who in (
            ("summary, a director", SUMMARY, claims("director")),
            ("summary, an admin", SUMMARY, claims("admin")),
            ("cohort page", PAGE, claims("director")),
        ):
            api.execute(query.encode(), (who,))
            unchanged = timed(partial(ask, api, query, who), rounds)
            taken = []
            for _ in range(rounds):
                db.execute(SCORE)
                taken.append(timed(partial(ask, api, query, who)))
            fresh = median(taken)
            print(f"  {name:<24}{fresh:9.2f}   unchanged {unchanged:7.2f}   {fresh / unchanged:6.1f} x")


def cached(running: Embedded, few: str, many: str, rounds: int) -> None:
    """Print what a cached read costs with few cohorts and with many."""
    print(f"\nread: milliseconds, and pages (at most {SAME} x)" + f"{'10 cohorts':>20}{'2,000 cohorts':>20}")
    small, large = ("director", 1, "cohort1"), ("director", 0, "cohort0")
    admin = ("admin", 0, "cohort0")
    with (
        session(running, few, "homeroom_api") as one,
        session(running, many, "homeroom_api") as other,
        session(running, many, "homeroom_api") as third,
    ):
        for name, query in (("summary", SUMMARY), ("cohort page", PAGE), ("list of 50", LIST)):
            # Directors of one organization; admins of two databases, the larger of which has deeper indexes.
            for who, sides in (
                ("two directors", ((third, *small), (other, *large))),
                ("admins of two", ((one, *admin), (other, *admin))),
            ):
                asked = [
                    (db, query.replace("cohort0", cohort), claims(role, number))
                    for db, role, number, cohort in sides
                ]
                taken: tuple[list[float], list[float]] = ([], [])
                for side in asked:
                    for _ in range(20):
                        ask(*side)
                for number in range(rounds if query != LIST else rounds // 10):
                    for index in (0, 1)[:: 1 if number % 2 else -1]:
                        taken[index].append(timed(partial(ask, *asked[index])))
                figures = [median(side) for side in taken]
                read = [pages(*side) for side in asked]
                print(
                    f"  {name + ', ' + who:<34}{figures[0]:14.3f}{figures[1]:20.3f}"
                    f"   {figures[1] / figures[0]:5.2f}"
                    f"   pages {read[0]} {read[1]}   {read[1] / read[0]:5.2f}"
                )


def pages(db: Session, query: str, who: str) -> int:
    """How many pages are read for it."""
    explain = f"explain (analyze, buffers, timing off, format json) {query}"
    ((plan,),) = db.execute(explain.encode(), (who,)).fetchall()
    return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])


class Worker(threading.Thread):
    """Refreshes what waits in the queue and folds, as the worker does, until told to stop."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.done = 0
        self._db = psycopg.connect(url, autocommit=True)

    def run(self) -> None:
        folded = time.monotonic()
        while not self.stop.is_set():
            row = self._db.execute("select board.drain_queue(500)").fetchone()
            self.done += row[0] if row else 0
            if time.monotonic() - folded > 10:
                self._db.execute("select board.fold(1)")
                folded = time.monotonic()
            if not row or not row[0]:
                self.stop.wait(0.2)
        self._db.close()


def writers(running: Embedded, database: str, shape: Programs, rounds: int, transactions: int) -> None:
    """Print how fast 32 writers are who meet in one cohort, and who do not."""
    print(f"\nwriters: {WRITERS}, scores a second, with a worker (one cohort at least {KEPT} x)")
    scripts = {
        "one cohort": WRITE.format(student="0", members=shape.members),
        "32 cohorts of 32 directors": WRITE.format(student=":client_id", members=shape.members),
    }
    rates: dict[str, list[float]] = {name: [] for name in scripts}
    for number in range(rounds):
        for name in list(scripts)[:: 1 if number % 2 else -1]:
            copy(running, database, "written")
            execute(running, "written", "checkpoint")
            worker = Worker(running.url("written"))
            worker.start()
            try:
                rates[name].append(pgbench(running, "written", scripts[name], transactions, clients=WRITERS))
            finally:
                worker.stop.set()
                worker.join()
    figures = {name: median(rate) for name, rate in rates.items()}
    for name, rate in figures.items():
        print(f"  {name:<30}{rate:9,.0f}/s")
    print(f"  one cohort / 32 cohorts: {figures['one cohort'] / figures['32 cohorts of 32 directors']:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["refresh", "fact", "read", "writers"], metavar="part")
    parser.add_argument("--quick", action="store_true", help="a tenth of the cohorts, fewer rounds")
    options = parser.parse_args()
    tenth = 10 if options.quick else 1
    large = Programs(500 // tenth, 100 // tenth, 500 // tenth, 2000 // tenth, 50)
    rounds = 300 // tenth
    with server() as running:
        if {"refresh", "fact"} & set(options.parts):
            seconds = build(running, "large", large)
            members = large.cohorts * large.members
            print(f"{members:,} members and all that they did, through all triggers: {seconds:.0f} s")
        if "refresh" in options.parts:
            refresh(running, "large", large)
        if "fact" in options.parts:
            after_a_fact(running, "large", max(rounds // 10, 10))
        if "read" in options.parts:
            build(running, "few", Programs(1, 1, 2, 10, 10))
            build(running, "many", Programs(2, 20, 200, 2000, 10))
            execute(running, "many", ONE_TRACK, "vacuum analyze")
            cached(running, "few", "many", rounds * 10)
        if "writers" in options.parts:
            shape = Programs(32, 4, 32, 32, 64)
            build(running, "base", shape)
            writers(running, "base", shape, 3 if options.quick else 7, 60 if options.quick else 200)


if __name__ == "__main__":
    main()
