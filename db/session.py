"""The two kinds of session in which Homeroom's own database work runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

Say = Callable[[str], None]

OWNER = "homeroom_owner"
MIGRATION_LOCK = 0x686F6D65  # "home", to be recognized in pg_locks
POLL_SECONDS = 0.5


@contextmanager
def exclusive(url: str, say: Say) -> Iterator[psycopg.Connection]:
    """An autocommit connection that holds the migration lock; waits for whoever has it.

    The lock is the session's: it is free again as soon as the process or its server dies. It is polled rather
    than waited for, so that Ctrl-C works and a migration may use `create index concurrently`, which waits for
    every open statement.
    """
    with psycopg.connect(url, autocommit=True, application_name="homeroom migrate") as connection:
        waiting = False
        while connection.execute("select pg_try_advisory_lock(%s)", (MIGRATION_LOCK,)).fetchone() != (True,):
            if not waiting:
                say("another migration is running; waiting for it to end")
                waiting = True
            time.sleep(POLL_SECONDS)
        yield connection


@contextmanager
def as_owner(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction (or savepoint) in which the session works as the owner of all objects."""
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        yield
        connection.execute("set local role none")
