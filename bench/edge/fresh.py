"""Whether anything kept is older than the lease."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from api import auth
from bench.edge.shared import CACHED, Running, counts, settings_of
from db.apply import ensure_database, migrate
from db.embedded import Embedded
from tests.support.freshness import Ledger, Writer, make_students, read_apart

LEASE = 0.25
FACTS = 160, 40
LEAST = 190
STUDENTS = 200


def fresh(server: Embedded, home: Path, reads: int) -> bool:
    """As tests/api/test_cache_soak.py, and longer; whether an answer was out of date."""
    ensure_database(server.url())
    migrate(server.url())
    with psycopg.connect(server.url(), autocommit=True) as db:
        org, students = make_students(db, STUDENTS)
    settings = settings_of(server)
    tokens = [
        auth.sign(settings, {"sub": str(student), "org": org, "role": "student"}, 7200)
        for student in students
    ]
    ledger = Ledger(STUDENTS)
    half = STUDENTS // 2
    writers = [
        Writer(server.url(), org, students, ledger, range(half), FACTS[0]),
        Writer(server.url(), org, students, ledger, range(half, STUDENTS), FACTS[1], 0.04),
    ]
    given = settings.environment() | CACHED
    with Running({"one": given, "other": given}) as api, worker(server):
        ports = [int(each.url.rpartition(":")[2]) for each in api.values()]
        for writer in writers:
            writer.start()
        began = time.monotonic()
        try:
            found = read_apart(ports, tokens, reads, home, patience=3600)
        finally:
            seconds = time.monotonic() - began
            for writer in writers:
                writer.end()
        counted = [counts(each) for each in api.values()]
    stale = found.stale(ledger, LEASE)
    behind = found.stale(ledger, 0)
    hits, misses = (sum(each[name] for each in counted) for name in ("hits", "misses"))
    print(
        f"\n{len(found.sent):,} reads of two processes in {seconds:.0f} s, {found.unchanged:,} of them 304, "
        f"{hits / (hits + misses):.3f} from memory; {ledger.commits:,} facts, "
        f"{ledger.commits / seconds:.0f} a second\n"
        f"{len(behind):,} lacked something that had been committed when they were asked for, "
        f"{len(stale)} something that had been for {LEASE} s"
    )
    return bool(stale) or ledger.commits / seconds < LEAST


@contextmanager
def worker(server: Embedded) -> Iterator[None]:
    """The worker, which refreshes what is written."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "work"],
        env={**os.environ, "DATABASE_URL": server.url(), "LOG_LEVEL": "WARNING"},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
