"""Which migrations a database has had: yoyo's bookkeeping, and a checksum of each beside it.

yoyo knows a migration by its name alone and marks it in a transaction of its own, after the migration's. Here
both, and the checksum, are one transaction: a killed run leaves no migration that ran but is not marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from yoyo import get_backend, read_migrations

from db import tree
from db.session import OWNER, as_owner


class MigrateError(Exception):
    """The database cannot be brought to this tree; the message says why and what to do."""


class History:
    """yoyo's view of one database, for the run that holds the migration lock."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._steps = {m.id: m for m in read_migrations(str(tree.MIGRATIONS))}

    def apply(self, migration: tree.Migration, patience_ms: int) -> None:
        """Run one migration and mark it, or leave it undone where somebody has a table for that long."""
        with self._backend.transaction():
            self._run(migration.path, patience_ms)
            self._backend.mark_one(self._steps[migration.name])
            self._backend.execute(
                "insert into _yoyo.checksum (migration_id, sha256) values (:name, :sha256)",
                {"name": migration.name, "sha256": migration.checksum},
            )

    def undo(self, name: str, patience_ms: int) -> None:
        """Run one migration's way back and unmark it, or leave it likewise."""
        with self._backend.transaction():
            self._run(tree.MIGRATIONS / f"{name}.rollback.sql", patience_ms)
            self._backend.unmark_one(self._steps[name])
            self._backend.execute("delete from _yoyo.checksum where migration_id = :name", {"name": name})

    def _run(self, script: Path, patience_ms: int) -> None:
        """Run a script as it stands; yoyo would take it apart first, which lasts longer than the script."""
        self._backend.connection.execute(f"set local lock_timeout = {patience_ms}")
        self._backend.connection.execute(script.read_bytes())


@contextmanager
def writing(url: str, connection: psycopg.Connection) -> Iterator[History]:
    """Make the bookkeeping's tables where they are missing, and open them for writing."""
    if not _exists(connection):
        with as_owner(connection):
            connection.execute("create schema if not exists _yoyo")
            connection.execute(
                "create table _yoyo.checksum (migration_id text not null primary key, sha256 text not null)"
            )
    parameters = conninfo_to_dict(url) | {"schema": "_yoyo", "options": f"-crole={OWNER}"}
    # yoyo hands the query's parameters to psycopg as they are.
    with get_backend(f"postgresql+psycopg:///?{urlencode(parameters, quote_via=quote)}") as backend:
        backend.init_database()
        backend.break_lock()  # of a run that was killed: the advisory lock says that none is alive
        backend.ensure_internal_schema_updated()
        yield History(backend)


def applied(connection: psycopg.Connection) -> list[str]:
    """Names of the applied migrations, oldest first. Raises MigrateError if one was edited since."""
    if not _exists(connection):
        return []
    with as_owner(connection):
        rows = connection.execute("select migration_id, sha256 from _yoyo.checksum order by 1").fetchall()
    in_tree = {m.name: m.checksum for m in tree.migrations()}
    for name, checksum in rows:
        if in_tree.get(name, checksum) != checksum:
            raise MigrateError(
                f"migration {name} was edited after it had been applied.\n"
                "Migrations are append-only: restore the file and write the change as a new one."
            )
    return [name for name, _ in rows]


def pending(connection: psycopg.Connection) -> list[tree.Migration]:
    """Migrations that the database still has to get. Raises MigrateError if it is ahead of this tree."""
    done = applied(connection)
    known = tree.migrations()
    if unknown := sorted(set(done) - {m.name for m in known}):
        raise MigrateError(
            f"the database has migration {unknown[-1]}, which this release does not know.\n"
            "A newer Homeroom migrated it: use that one, or roll back with it first."
        )
    waiting = [m for m in known if m.name not in done]
    if done and waiting and waiting[0].name < done[-1]:
        raise MigrateError(
            f"migration {waiting[0].name} comes before {done[-1]}, which the database already has.\n"
            "Migrations are append-only: give the new one the next number."
        )
    return waiting


def _exists(connection: psycopg.Connection) -> bool:
    return connection.execute("select to_regclass('_yoyo.checksum') is not null").fetchone() == (True,)
