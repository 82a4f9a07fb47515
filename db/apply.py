"""Bring a database to this source tree, or back: `homeroom migrate`, `rollback`, `status`.

A release has two halves. Migrations (schemas, tables, types, indexes) run once, by yoyo, each in one transaction with its
own bookkeeping. Code (functions, views, triggers, policies, grants) is applied again as a whole every time, in the
manifest's order and in one transaction, so that what a deployment leaves is what the tree says, whatever was there before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.rows import scalar_row
from yoyo import get_backend, read_migrations

from db import tree

Say = Callable[[str], None]

# One number for the whole product; `hashtext` would do, but a constant can be found in pg_locks.
LOCK_KEY = 0x686F6D65  # "home"
LOCK_POLL_SECONDS = 0.5
CODE_ATTEMPTS = 10
OWNER = "homeroom_owner"
BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class MigrateError(Exception):
    """The database cannot be brought to this tree; the message says why and what to do. Nothing half done is left."""


@dataclass
class Outcome:
    """What a run did: names of migrations applied (or undone), and whether the release's digest changed."""

    migrations: list[str] = field(default_factory=list)
    changed: bool = False


def ensure_database(url: str) -> None:
    """Create the database that `url` names, where the server does not have it yet."""
    parts = urlsplit(url)
    name = parts.path.lstrip("/")
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        if not connection.execute("select from pg_database where datname = %s", (name,)).fetchone():
            connection.execute(sql.SQL("create database {} encoding 'UTF8'").format(sql.Identifier(name)))


def migrate(url: str, *, say: Say = lambda _: None) -> Outcome:
    """Apply what is pending, then all code, then check the catalog.

    url: of a superuser, or of a CREATEROLE login that may create schemas in the database. Safe to run from several
    places at once (an advisory lock lets one through), to repeat (nothing changes), and after a run that was killed
    (each migration and the code are whole or absent). Raises MigrateError.
    """
    with _exclusive(url, say) as connection:
        outcome = Outcome()
        with connection.transaction():
            connection.execute(tree.ROLES.read_bytes())
        _prepare_bookkeeping(connection)
        pending = _pending(connection)
        with _yoyo(url) as backend:
            for migration in pending:
                say(f"migration {migration.name}")
                with backend.transaction():
                    # yoyo's own apply_one() marks in a second transaction: killed between the two, it would run twice.
                    steps = _yoyo_migrations()[migration.name]
                    steps.process_steps(backend, "apply")
                    backend.mark_one(steps)
                    backend.execute(
                        "insert into _yoyo.checksum (migration_id, sha256) values (:name, :sha256)",
                        {"name": migration.name, "sha256": migration.checksum},
                    )
                outcome.migrations.append(migration.name)
        say(f"code: {len(tree.code())} files")
        outcome.changed = _with_retry(lambda: _apply_code(connection), say)
        return outcome


def pending(url: str) -> list[str]:
    """What `migrate` would change, one line each; empty when the database is current. Changes nothing.

    Raises MigrateError when the database holds a migration that was edited or is unknown to this tree.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        lines = [f"migration {m.name}" for m in _pending(connection)]
        if _released_digest(connection) != tree.release_digest():
            lines.append("code of another release")
        return lines


def dry_run(url: str) -> list[str]:
    """Run everything that `migrate` would, in one transaction, and roll it back.

    Returns the same lines as `pending`; raises MigrateError or psycopg.Error where the real run would fail.
    """
    lines = pending(url)
    with _exclusive(url, lambda _: None) as connection, connection.transaction(force_rollback=True):
        connection.execute(tree.ROLES.read_bytes())
        waiting = _pending(connection)
        with _as_owner(connection):
            for migration in waiting:
                connection.execute(migration.path.read_bytes())
        _apply_code(connection)
    return lines


def rollback(url: str, steps: int = 1, *, say: Say = lambda _: None) -> Outcome:
    """Undo the newest `steps` migrations by their .rollback.sql files; data in what they made is lost.

    All code is dropped first, because it is written for the newest tables: the database then waits for `homeroom migrate`
    of the release that fits, and the API answers 503 until that has run.
    """
    with _exclusive(url, say) as connection:
        _prepare_bookkeeping(connection)
        applied = _applied(connection)
        by_name = {m.name: m for m in tree.migrations()}
        undo = list(reversed(applied))[:steps]
        if unknown := [name for name in undo if name not in by_name]:
            raise MigrateError(f"{unknown[0]} is not in this tree: roll back with the release that brought it")
        if not undo:
            return Outcome()
        with connection.transaction(), _as_owner(connection):
            _drop_code(connection)
        with _yoyo(url) as backend:
            for name in undo:
                say(f"undo {name}")
                with backend.transaction():
                    steps_of = _yoyo_migrations()[name]
                    steps_of.process_steps(backend, "rollback")
                    backend.unmark_one(steps_of)
                    backend.execute("delete from _yoyo.checksum where migration_id = :name", {"name": name})
        return Outcome(undo, changed=True)


def catalog_problems(connection: psycopg.Connection) -> list[str]:
    """Who breaks the rules of ops.catalog_problems(), and functions that the tree does not know, one line each."""
    lines = [
        f"{rule}: {name}" for rule, name in connection.execute("select rule, object from ops.catalog_problems()")
    ]
    known = tree.function_names()
    in_database = connection.execute(
        "select n.nspname, p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
        "where n.nspowner = to_regrole(%s) and n.nspname <> '_yoyo'",
        (OWNER,),
    )
    lines += [
        f"function that is not in the tree (drop it by name in a migration): {schema}.{name}"
        for schema, name in in_database
        if (schema, name) not in known
    ]
    return sorted(lines)


# -- the halves ------------------------------------------------------------------------------------------------------


def _apply_code(connection: psycopg.Connection) -> bool:
    """Reset and re-apply all code, provide partitions, check the catalog, record the release; one transaction."""
    with connection.transaction(), _as_owner(connection):
        # Policies and triggers need each table for an instant. Rather give way and retry than queue the readers up.
        connection.execute("set local lock_timeout = '3s'")
        connection.execute(tree.RESET.read_bytes())
        for path in tree.code():
            try:
                connection.execute(path.read_bytes())
            except BUSY:
                raise
            except psycopg.Error as error:
                raise MigrateError(f"{path.relative_to(tree.HERE)}: {error}") from error
        # This month's and the next three months' facts find their partition.
        connection.execute("select school.provide_interaction_months(current_date, current_date + 90)")
        if problems := catalog_problems(connection):
            raise MigrateError("the release breaks the catalog's rules:\n  " + "\n  ".join(problems))
        return _record_release(connection)


def _record_release(connection: psycopg.Connection) -> bool:
    newest = tree.migrations()[-1].name
    recorded = connection.execute(
        "insert into ops.release as r (digest, migration) values (%s, %s) on conflict (singleton) do update set "
        "digest = excluded.digest, migration = excluded.migration, released_at = excluded.released_at "
        "where r.digest <> excluded.digest returning 1",
        (tree.release_digest(), newest),
    )
    return recorded.fetchone() is not None


def _drop_code(connection: psycopg.Connection) -> None:
    """Drop what the manifest made, last first. No CASCADE: what still hangs on it is an error worth seeing."""
    connection.execute(tree.RESET.read_bytes())
    drops = connection.cursor(row_factory=scalar_row).execute(
        "select format('drop function %%s', p.oid::regprocedure) from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace "
        "where n.nspowner = to_regrole(%s) and n.nspname <> '_yoyo'",
        (OWNER,),
    )
    for statement in drops.fetchall():
        connection.execute(statement)


def _with_retry(step: Callable[[], bool], say: Say) -> bool:
    for attempt in range(1, CODE_ATTEMPTS):
        try:
            return step()
        except BUSY:
            say(f"tables are busy, trying again ({attempt} of {CODE_ATTEMPTS})")
            time.sleep(attempt * 0.2)
    return step()


# -- bookkeeping -----------------------------------------------------------------------------------------------------


def _prepare_bookkeeping(connection: psycopg.Connection) -> None:
    if connection.execute("select to_regclass('_yoyo.checksum')").fetchone() == (None,):
        with connection.transaction(), _as_owner(connection):
            connection.execute("create schema if not exists _yoyo")
            connection.execute(
                "create table _yoyo.checksum (migration_id text not null primary key, sha256 text not null)"
            )


def _applied(connection: psycopg.Connection) -> list[str]:
    """Names of the applied migrations in order; refuses edited ones. Reads only."""
    if connection.execute("select to_regclass('_yoyo.checksum')").fetchone() == (None,):
        return []
    with connection.transaction(), _as_owner(connection):
        rows = connection.execute("select migration_id, sha256 from _yoyo.checksum order by migration_id").fetchall()
    now = {m.name: m.checksum for m in tree.migrations()}
    for name, checksum in rows:
        if now.get(name, checksum) != checksum:
            raise MigrateError(
                f"migration {name} was edited after it had been applied.\n"
                "Migrations are append-only: restore the file and write the change as a new one."
            )
    return [name for name, _ in rows]


def _pending(connection: psycopg.Connection) -> list[tree.Migration]:
    applied = _applied(connection)
    known = tree.migrations()
    if unknown := sorted(set(applied) - {m.name for m in known}):
        raise MigrateError(
            f"the database has migration {unknown[-1]}, which this release does not know.\n"
            "It was migrated by a newer Homeroom: use that one, or `homeroom rollback` with it first."
        )
    return [m for m in known if m.name not in applied]


def _released_digest(connection: psycopg.Connection) -> str | None:
    if connection.execute("select to_regprocedure('api.release()')").fetchone() == (None,):
        return None
    with connection.transaction(), _as_owner(connection):
        row = connection.execute("select api.release() ->> 'digest'").fetchone()
    return row[0] if row else None


def _yoyo(url: str):  # type: ignore[no-untyped-def]  # yoyo has no types
    """yoyo's backend for this database, working as the owner; frees the lock row that a killed run may have left."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), ("schema", "_yoyo"), ("options", f"-crole={OWNER}")], quote_via=quote)
    backend = get_backend(urlunsplit(parts._replace(scheme="postgresql+psycopg", query=query)))
    backend.init_database()
    backend.break_lock()
    backend.ensure_internal_schema_updated()
    return backend


def _yoyo_migrations():  # type: ignore[no-untyped-def]
    return {m.id: m for m in read_migrations(str(tree.MIGRATIONS))}


# -- sessions --------------------------------------------------------------------------------------------------------


@contextmanager
def _exclusive(url: str, say: Say) -> Iterator[psycopg.Connection]:
    """A connection that holds the migration lock. Polled, so that Ctrl-C and a dead server end the wait."""
    with psycopg.connect(url, autocommit=True, application_name="homeroom migrate") as connection:
        waiting = False
        while connection.execute("select pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone() != (True,):
            if not waiting:
                say("another migration is running; waiting for it to end")
                waiting = True
            time.sleep(LOCK_POLL_SECONDS)
        yield connection


@contextmanager
def _as_owner(connection: psycopg.Connection) -> Iterator[None]:
    """Work as the owner until the surrounding transaction's block ends."""
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    yield
    connection.execute("set local role none")
