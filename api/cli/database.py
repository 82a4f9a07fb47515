"""The database's life: migrate, rollback, status, url, psql."""

from __future__ import annotations

import os
import sys

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.cli.context import (
    admin_connection,
    conninfo_as,
    counted,
    open_database,
    reported,
    say,
    settings_from_environment,
)
from db import apply
from db.embedded import bundled_bin
from db.session import as_owner


@click.command(short_help="Bring the database to this release.")
@click.option("--check", is_flag=True, help="Only say what is pending; exit 1 if anything is.")
@click.option("--dry-run", is_flag=True, help="Do it all in one transaction and roll it back.")
@click.option(
    "--roles-only", is_flag=True, help="Make the database and the roles, and no more: before a restore."
)
@reported
def migrate(check: bool, dry_run: bool, roles_only: bool) -> None:
    """Bring the database to this release: pending migrations, then all code, then the catalog's rules.

    Safe to run twice, from several places at once, and after a run that was killed.
    """
    if check + dry_run + roles_only > 1:
        raise click.UsageError("--check, --dry-run and --roles-only exclude each other")
    with open_database(settings_from_environment(), create=not (check or dry_run)) as settings:
        url = settings.database_url or ""
        if check or dry_run:
            waiting = apply.pending(url) if check else apply.dry_run(url)
            click.echo("\n".join(waiting) or "the database is current")
            if dry_run:
                say("all of it applies cleanly; rolled back")
            sys.exit(1 if check and waiting else 0)
        apply.ensure_database(url)
        if roles_only:
            apply.provide_roles(url)
            click.echo("the roles are there")
            return
        outcome = apply.migrate(url, say=say)
        click.echo(
            f"{counted(len(outcome.migrations), 'migration')} applied; the release is "
            + ("new" if outcome.changed else "the same as before")
        )


@click.command()
@click.option(
    "--steps", type=click.IntRange(min=1), default=1, show_default=True, help="How many migrations."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@reported
def rollback(steps: int, yes: bool) -> None:
    """Undo the newest migrations. The data in what they made is lost.

    The API answers 503 until `homeroom migrate` of the release that fits has run.
    """
    with open_database(settings_from_environment()) as settings:
        url = settings.database_url or ""
        done = apply.applied(url)
        if not done:
            click.echo("no migration is applied: nothing to undo")
            return
        if not yes and steps <= len(done):  # else apply.rollback refuses
            click.echo("\n".join(f"migration {name}" for name in done[::-1][:steps]))
            click.confirm("Undo this and drop what it made, data included?", abort=True)
        outcome = apply.rollback(url, steps, say=say)
        click.echo(f"{counted(len(outcome.migrations), 'migration')} undone")


@click.command(short_help="Say which database this is, and whether all is well with it.")
@reported
def status() -> None:
    """Say which database this is, whether it is current, and whether its catalog keeps the rules.

    It also names the masks (ops.tier_mask) that hide nothing, since no dashboard has their path.
    Exit code 1 unless all is well.
    """
    with open_database(settings_from_environment()) as settings:
        url = settings.database_url or ""
        waiting = apply.pending(url)
        with admin_connection(settings) as connection:
            version = connection.info.parameter_status("server_version")
            where = conninfo_to_dict(url)
            click.echo(f"database   {where.get('dbname')} at {where.get('host') or 'the default socket'}")
            click.echo(f"server     PostgreSQL {version}")
            release = f"pending: {'; '.join(waiting)} (homeroom migrate)" if waiting else "current"
            click.echo(f"release    {release}")
            problems = [] if waiting else apply.catalog_problems(connection)
            verdict = "not checked" if waiting else "keeps all rules"
            click.echo("catalog    " + ("\n           ".join(problems) or verdict))
            idle = [] if waiting else _idle_masks(connection)
            verdict = "not checked" if waiting else "each hides something"
            click.echo("masks      " + ("\n           ".join(idle) or verdict))
        sys.exit(1 if waiting or problems or idle else 0)


def _idle_masks(connection: psycopg.Connection) -> list[str]:
    """Masks that hide nothing of any document, most likely because somebody mistyped their path."""
    from api.student_documents import has_path  # slow to load

    with as_owner(connection):
        rows = connection.execute("select tier, path from ops.tier_mask order by tier, path").fetchall()
    return [
        f"{path} of the tier {tier} hides nothing: no document has it"
        for tier, path in rows
        if not has_path(path)
    ]


@click.command()
@click.option("--as", "login", metavar="LOGIN", help="Another login than DATABASE_URL's.")
@reported
def url(login: str | None) -> None:
    """Print the running database's connection string."""
    with open_database(settings_from_environment(), start=False) as settings:
        click.echo(conninfo_as(settings, login))


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--as", "login", metavar="LOGIN", help="Another login than DATABASE_URL's.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@reported
def psql(login: str | None, arguments: tuple[str, ...]) -> None:
    """Open psql on the running database; ARGUMENTS go to psql.

    Example: homeroom psql -c 'select count(*) from school.person'
    """
    with open_database(settings_from_environment(), start=False) as settings:
        program = str(bundled_bin() / "psql")
        sys.stdout.flush()
        where = conninfo_to_dict(conninfo_as(settings, login))
        environment = dict(os.environ)
        if password := where.pop("password", None):
            environment["PGPASSWORD"] = str(password)  # not an argument: all users of the machine read those
        os.execve(program, [program, make_conninfo("", **where), *arguments], environment)


COMMANDS = [migrate, rollback, status, url, psql]
