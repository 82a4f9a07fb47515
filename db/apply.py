"""Bring a database to this source tree, or a step back: `homeroom migrate` and `homeroom rollback`.

A release has two halves. Migrations (schemas, tables, types, indexes) run once each. Code (functions, views,
triggers, policies, grants) is applied again as a whole every time, in the manifest's order and in one
transaction, so that what a deployment leaves is what the tree says, whatever was there before.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db import history, schedule, tree
from db.history import MigrateError
from db.patience import BUSY, HINT, LONG_MS, patiently, take_all
from db.session import OWNER, Say, as_owner, connect, exclusive
from db.tree import release_digest

__all__ = [
    "MigrateError",
    "Outcome",
    "applied",
    "catalog_problems",
    "dry_run",
    "ensure_database",
    "migrate",
    "pending",
    "provide_roles",
    "release_digest",
    "rollback",
]


@dataclass
class Outcome:
    """What a run did: names of the migrations applied or undone, and whether it changed the release."""

    migrations: list[str] = field(default_factory=list)
    changed: bool = False


def ensure_database(url: str) -> None:
    """Create the database that `url` (any libpq connection string) names, where its server lacks it."""
    name = str(conninfo_to_dict(url).get("dbname"))
    with connect(make_conninfo(url, dbname="postgres"), "create database") as connection:
        exists = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
        if not exists:
            create = sql.SQL("create database {} encoding 'UTF8' template template0")
            connection.execute(create.format(sql.Identifier(name)))


def provide_roles(url: str) -> None:
    """Make the roles alone, and let the owner create things in this database: what a restored dump needs."""
    with exclusive(url, lambda _: None) as connection:
        _require_utf8(connection)
        with connection.transaction():
            connection.execute(tree.ROLES.read_bytes())


def migrate(url: str, *, say: Say = lambda _: None) -> Outcome:
    """Apply the migrations that are pending, then all code, then check the catalog.

    url: any libpq connection string, of a superuser or of a CREATEROLE login that owns the database.
    say: is told each step, a line at a time. Safe to run from several places at once (an advisory lock lets
    one through), again (nothing changes), and after a run that was killed (each migration is whole or absent,
    and so is the code). Raises MigrateError.
    """
    with exclusive(url, say) as connection:
        _require_utf8(connection)
        outcome = Outcome()
        with connection.transaction():
            connection.execute(tree.ROLES.read_bytes())
        if waiting := history.pending(connection):
            with history.writing(url, connection) as record:
                for migration in waiting:
                    say(f"migration {migration.name}")
                    patiently(partial(record.apply, migration), say)
                    outcome.migrations.append(migration.name)
        say(f"code: {len(tree.code())} files")
        outcome.changed = patiently(partial(_apply_code, connection), say)
        _count_new_aggregates(connection, say)
        schedule.schedule(connection, say)
        return outcome


def pending(url: str) -> list[str]:
    """What `migrate` would change, one line each; empty when the database is current. Only reads.

    Raises MigrateError when the database is not UTF-8, or has a migration that was edited or that this tree
    does not know.
    """
    with connect(url, "check") as connection:
        _require_utf8(connection)
        lines = [f"migration {m.name}" for m in history.pending(connection)]
        if _released_digest(connection) != release_digest():
            lines.append("code of another release")
        return lines


def dry_run(url: str) -> list[str]:
    """Do all that `migrate` would, in one transaction, and roll it back.

    Returns the lines of `pending`; raises MigrateError or psycopg.Error where the real run would fail.
    """
    lines = pending(url)
    with exclusive(url, lambda _: None) as connection, connection.transaction(force_rollback=True):
        connection.execute(tree.ROLES.read_bytes())
        connection.execute(f"set local lock_timeout = {LONG_MS}")
        try:
            for migration in history.pending(connection):
                with as_owner(connection):
                    connection.execute(migration.path.read_bytes())
            _apply_code(connection, LONG_MS)
        except BUSY as error:
            raise MigrateError(f"tables are busy.\n{HINT}") from error
    return lines


def applied(url: str) -> list[str]:
    """Names of the migrations that the database has had, oldest first. MigrateError if one was edited."""
    with connect(url, "check") as connection:
        return history.applied(connection)


def rollback(url: str, steps: int = 1, *, say: Say = lambda _: None) -> Outcome:
    """Undo the newest `steps` migrations by their .rollback.sql files; the data in what they made is lost.

    All code goes first, because it is written for the newest tables: the database then waits for `homeroom
    migrate` of the release that fits, and until then the API answers 503. Raises MigrateError, also where
    fewer migrations are applied; then nothing is undone.
    """
    with exclusive(url, say) as connection:
        done = history.applied(connection)
        if steps > len(done):
            raise MigrateError(f"{len(done)} migrations are applied: {steps} cannot be undone")
        undo = done[::-1][:steps]
        if unknown := [name for name in undo if name not in {m.name for m in tree.migrations()}]:
            raise MigrateError(
                f"{unknown[0]} is not in this tree: roll back with the release that brought it"
            )
        if undo:
            patiently(partial(_drop_code, connection), say)
            with history.writing(url, connection) as record:
                for name in undo:
                    say(f"undo {name}")
                    patiently(partial(record.undo, name), say)
        return Outcome(undo, changed=bool(undo))


def catalog_problems(connection: psycopg.Connection) -> list[str]:
    """Who breaks the rules of ops.catalog_problems(), and functions and views that the tree does not know."""
    problems = connection.execute("select format('%s: %s', rule, object) from ops.catalog_problems()")
    in_database = connection.execute(
        "select 'function', n.nspname, p.proname "
        "from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
        "where n.nspowner = to_regrole(%(owner)s) and n.nspname <> '_yoyo' "
        "union all "
        "select 'view', n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspowner = to_regrole(%(owner)s) and n.nspname <> '_yoyo' and c.relkind in ('v', 'm')",
        {"owner": OWNER},
    )
    known = {("function", *name) for name in tree.function_names()} | {
        ("view", *v) for v in tree.view_names()
    }
    return sorted(line for (line,) in problems) + [
        f"{kind} that is not in the tree (drop it by name in a migration): {schema}.{name}"
        for kind, schema, name in sorted(set(in_database.fetchall()) - known)
    ]


def _require_utf8(connection: psycopg.Connection) -> None:
    """Raise MigrateError for another encoding: psycopg makes bytes of SQL_ASCII's texts."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise MigrateError(
            f"the database's encoding is {encoding}; Homeroom needs UTF8.\n"
            "Make it anew: create database … encoding 'UTF8' template template0"
        )


def _apply_code(connection: psycopg.Connection, patience_ms: int) -> bool:
    """Forget and re-apply all code, provide partitions, check the catalog, record the release."""
    with as_owner(connection):
        take_all(connection, patience_ms)
        connection.execute(tree.RESET.read_bytes())
        for path in tree.code():
            try:
                connection.execute(path.read_bytes())
            except BUSY:
                raise
            except psycopg.Error as error:
                raise MigrateError(f"{path.relative_to(tree.HERE)}: {error}") from error
        # This month's facts and the next three months' find their partition.
        connection.execute("select school.provide_interaction_months(current_date, current_date + 90)")
        _provide_feed_days(connection)
        # Or the first reader would begin one.
        connection.execute("select feed.current_epoch()")
        if problems := catalog_problems(connection):
            raise MigrateError("the release breaks the rules of the catalog:\n  " + "\n  ".join(problems))
        return _record_release(connection)


def _provide_feed_days(connection: psycopg.Connection) -> None:
    """Make the feed's next partitions; where somebody reads it for long, a job does, and no event is lost."""
    with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
        connection.execute("select feed.provide_days(current_date, current_date + 3)")


def _count_new_aggregates(connection: psycopg.Connection, say: Say) -> None:
    """Fill what no release has counted yet from the facts that were there before their triggers.

    Their triggers are in place: whatever is written meanwhile is added to what is counted here. An
    organization at a time, as every write.
    """
    with as_owner(connection):
        fresh = connection.execute(
            "select a.kept::text, o.org_id from ops.aggregate as a cross join school.organization as o "
            "where not exists "
            "(select from ops.aggregate_check as c where c.aggregate = a.kept::text and c.counted) "
            "order by a.place, o.org_id"
        ).fetchall()
    for kept, org in fresh:
        say(f"counting {kept} of organization {org}")
        with as_owner(connection):
            connection.execute("select from ops.mend(%s, %s)", (kept, org))
    with as_owner(connection):
        if connection.execute(
            "select 1 from ops.aggregate as a where not exists "
            "(select from ops.aggregate_check as c where c.aggregate = a.kept::text and c.counted)"
        ).fetchone():
            connection.execute("select from ops.verify()")
            connection.execute("update ops.aggregate_check set counted = true where not counted")


def _forget_counts(connection: psycopg.Connection) -> None:
    """Have the next migrate count anew: what is written while there are no triggers, nobody counts."""
    if connection.execute("select to_regclass('ops.aggregate_check')").fetchone() != (None,):
        connection.execute("update ops.aggregate_check set counted = false")


def _record_release(connection: psycopg.Connection) -> bool:
    recorded = connection.execute(
        "insert into ops.release as r (digest, migration) values (%s, %s) on conflict (singleton) do update "
        "set digest = excluded.digest, migration = excluded.migration, released_at = excluded.released_at "
        "where r.digest <> excluded.digest returning 1",
        (release_digest(), tree.migrations()[-1].name),
    )
    return recorded.fetchone() is not None


def _released_digest(connection: psycopg.Connection) -> str | None:
    if connection.execute("select to_regprocedure('api.release()')").fetchone() == (None,):
        return None
    with as_owner(connection):
        row = connection.execute("select api.release() ->> 'digest'").fetchone()
    return row[0] if row else None


def _drop_code(connection: psycopg.Connection, patience_ms: int) -> None:
    """Drop the schedule and all code, and have what triggers count counted anew."""
    with connection.transaction():
        schedule.unschedule(connection)
        with as_owner(connection):
            take_all(connection, patience_ms)
            _forget_counts(connection)
            _drop_objects(connection)


def _drop_objects(connection: psycopg.Connection) -> None:
    """Drop triggers, policies, grants, views, functions. No CASCADE: what hangs on them is an error."""
    connection.execute("delete from ops.release")
    connection.execute(tree.RESET.read_bytes())
    # Views first, which call functions; a function that reads a view is PL/pgSQL and does not hold it.
    views = connection.execute(
        "select 'drop view ' || string_agg(c.oid::regclass::text, ', ') from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspowner = to_regrole(%s) and n.nspname <> '_yoyo' and c.relkind = 'v'",
        (OWNER,),
    ).fetchone()
    if views and views[0]:
        connection.execute(views[0])
    # In one statement, because they call each other; regprocedure quotes the names.
    drop = connection.execute(
        "select 'drop routine ' || string_agg(p.oid::regprocedure::text, ', ') from pg_proc p "
        "join pg_namespace n on n.oid = p.pronamespace "
        "where n.nspowner = to_regrole(%s) and n.nspname <> '_yoyo'",
        (OWNER,),
    ).fetchone()
    if drop and drop[0]:
        connection.execute(drop[0])
    # The API then hears that its functions are missing (503: wait), not that it may not call them (403).
    connection.execute("grant usage on schema api to homeroom_api")
