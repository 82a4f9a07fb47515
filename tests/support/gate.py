"""A gate in the database: what a test has planted waits there until the test has seen the rest."""

from __future__ import annotations

from typing import Any

import psycopg

PASS = "pg_advisory_xact_lock_shared(77)"
"""What waits while the gate is shut: to be put into a function."""

Session = psycopg.Connection[Any]


def shut(db: Session) -> None:
    """Let nothing pass until this session opens the gate, or ends."""
    db.execute("select pg_advisory_lock(77)")


def release(db: Session) -> None:
    """Let pass what waits, and what comes."""
    db.execute("select pg_advisory_unlock(77)")


def waiting(db: Session) -> int:
    """How many wait there."""
    return db.execute(
        "select from pg_locks where locktype = 'advisory' and objid = 77 and not granted"
    ).rowcount
