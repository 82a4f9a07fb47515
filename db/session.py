"""Sessions in which Homeroom's own database work runs: migrations, imports, the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

Say = Callable[[str], None]

OWNER = "homeroom_owner"
NOT_CURRENT = "the database is not of this release: run `homeroom migrate` first"
MIGRATION_LOCK = 0x686F6D65  # "home", to be recognized in pg_locks
POLL_SECONDS = 0.5


def connect(url: str, name: str) -> psycopg.Connection:
    """An autocommit session, called `homeroom <name>` in pg_stat_activity.

    url: any libpq connection string. The session heeds no schema but PostgreSQL's own: it has rights worth
    stealing, and somebody may have put a function of a familiar name where the default path would find it.
    """
    connection = psycopg.connect(url, autocommit=True, application_name=f"homeroom {name}")
    connection.execute("set search_path = pg_catalog")
    return connection


@contextmanager
def exclusive(url: str, say: Say) -> Iterator[psycopg.Connection]:
    """A session that holds the migration lock; waits for whoever has it, and says who that is.

    The lock is the session's: it is free again as soon as the process or its server dies. It is polled rather
    than waited for, so that Ctrl-C works and a migration may use `create index concurrently`, which waits for
    every open statement.
    """
    with connect(url, "migrate") as connection:
        told = None
        while not try_lock(connection, MIGRATION_LOCK):
            if (holder := lock_holder(connection, MIGRATION_LOCK)) != told:
                say(f"another migration is running ({holder}); waiting for it to end")
                told = holder
            time.sleep(POLL_SECONDS)
        yield connection


def try_lock(connection: psycopg.Connection, key: int) -> bool:
    """Take an advisory lock for the session; False if another session has it."""
    return connection.execute("select pg_try_advisory_lock(%s)", (key,)).fetchone() == (True,)


def lock_holder(connection: psycopg.Connection, key: int) -> str:
    """Who has an advisory lock, in words: any login could take it, by mistake or on purpose."""
    row = connection.execute(
        "select format('login %%s, process %%s', a.usename, a.pid) from pg_locks as l "
        "join pg_stat_activity as a on a.pid = l.pid "
        "where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = %s",
        (key,),
    ).fetchone()
    return row[0] if row else "it has just ended"


@contextmanager
def as_owner(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction (or savepoint) in which the session works as the owner of all objects."""
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        yield
        connection.execute("set local role none")
