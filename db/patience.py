"""Patience with those who read and write while a release takes what it needs: give way, and try again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

from db.history import MigrateError
from db.session import OWNER, Say

Done = TypeVar("Done")

BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
)
HINT = "End what keeps a transaction open (pg_stat_activity, the oldest xact_start), and run it again"
ATTEMPTS = 20
BRIEF_ATTEMPTS = 15
"""So many at first give up sooner than PostgreSQL looks for deadlocks (1 s), which it would end a writer for.
The others wait for longer: only that makes an autovacuum give way."""
BRIEF_MS, LONG_MS = 800, 3000
LONGEST_PAUSE = 1.0  # seconds


def patiently(step: Callable[[int], Done], say: Say) -> Done:
    """Do a step that is whole or undone; again, where it finds somebody at what it needs.

    step: is told for how many milliseconds it may wait for others, and raises one of BUSY when it has.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return step(BRIEF_MS if attempt <= BRIEF_ATTEMPTS else LONG_MS)
        except BUSY:
            say(f"tables are busy, trying again ({attempt} of {ATTEMPTS})")
            time.sleep(min(attempt * 0.2, LONGEST_PAUSE))
    try:
        return step(LONG_MS)
    except BUSY as error:
        raise MigrateError(
            f"tables were busy at each of {ATTEMPTS} attempts; what needed them was left undone.\n{HINT}"
        ) from error


def take_all(connection: psycopg.Connection, patience_ms: int) -> None:
    """Have all views and tables to ourselves until the transaction ends; after so long, raise one of BUSY.

    What comes after waits for nobody, or for LONG_MS at most (partitions are not taken), and nobody who
    writes waits for us while we wait for him.
    """
    connection.execute(f"set local lock_timeout = {LONG_MS}")
    # In the order in which others take them, or each would wait for the other. An analyst takes a view before
    # its tables (`lock table` would take those along with it); who writes takes a fact, those to which it
    # refers, which are older tables, and then what triggers change; the API's readers take one of the oldest,
    # the person, then other views and tables. Sixteen attempts became none or two.
    # Not partitions: the code is their parents', and somebody may read one for long.
    found = connection.execute(
        "select string_agg(format(case c.relkind when 'v' then 'alter view %%s reset (check_option)' "
        "else 'lock table only %%s in access exclusive mode' end, c.oid::regclass), '; ' "
        "order by n.nspname <> 'analytics', n.nspname <> 'school', c.relkind = 'v', c.oid desc) "
        "from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspowner = to_regrole(%s) and n.nspname <> '_yoyo' "
        "and c.relkind in ('r', 'p', 'v') and not c.relispartition",
        (OWNER,),
    ).fetchone()
    if found and found[0]:
        before = connection.execute(
            "select current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
            (str(patience_ms),),
        ).fetchone()
        connection.execute(f"do $do$ begin {found[0]}; end $do$".encode())
        connection.execute(
            "select set_config('statement_timeout', %s, true)", (before[0] if before else "0",)
        )
