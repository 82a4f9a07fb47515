"""Who gets in: tokens for the API, logins for SQL."""

from __future__ import annotations

import uuid

import click
import psycopg
from psycopg import sql

from api import auth
from api.cli.context import admin_connection, open_database, reported, say, settings_from_environment
from db.session import as_owner

ROLES = ("student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service")


@click.command()
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--person", type=click.UUID, help="Whose token; without it, a person whom the role suits.")
@click.option("--org", type=click.IntRange(min=1), help="Organization; without it, the first that fits.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=12, show_default=True)
@reported
def token(role: str, person: uuid.UUID | None, org: int | None, hours: float) -> None:
    """Print a token for the API, signed with the configured secret. One line, nothing else."""
    with (
        open_database(settings_from_environment(), start=False) as settings,
        admin_connection(settings) as db,
    ):
        org_id, person_id, name = suitable_person(db, role, org, person)
        say(f"{name} as {role}, organization {org_id}")
        click.echo(auth.sign(settings, {"sub": person_id, "org": org_id, "role": role}, hours * 3600))


def suitable_person(
    connection: psycopg.Connection, role: str, org: int | None = None, person: uuid.UUID | None = None
) -> tuple[int, str, str]:
    """(organization, person id, name) of somebody active who holds the role; ClickException if nobody."""
    with as_owner(connection):
        row = connection.execute(
            "select org_id, person_id, name from auth.suitable_person(%s, %s, %s)", (role, org, person)
        ).fetchone()
    if row is None:
        raise click.ClickException(
            f"no active person holds the role {role}" + (" there" if org or person else "")
        )
    return row[0], str(row[1]), row[2]


@click.group()
def analyst() -> None:
    """Give people SQL access, and take it back."""


@analyst.command("add")
@click.argument("name")
@click.option("--person", required=True, type=click.UUID, help="The person behind the login.")
@click.option("--role", type=click.Choice(["analyst", "admin"]), default="analyst", show_default=True)
@click.option("--password", is_flag=True, help="Ask for a password (the embedded server needs none).")
@reported
def add(name: str, person: uuid.UUID, role: str, password: bool) -> None:
    """Make the PostgreSQL login NAME for a person who holds the role.

    The login sees the rows of the person's organization and no others, whatever it sets in its session.
    """
    if name.startswith(("homeroom_", "pg_")):
        raise click.UsageError("names that begin with homeroom_ or pg_ are taken")
    phrase = click.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        org_id, person_id, full_name = suitable_person(db, role, None, person)
        login = sql.Identifier(name)
        with db.transaction():
            # createrole fails for a name that exists: never is an existing login, a superuser's say, mapped.
            db.execute(
                sql.SQL("create role {} login in role {}").format(login, sql.Identifier(f"homeroom_{role}"))
            )
            if phrase:
                verifier = db.pgconn.encrypt_password(phrase.encode(), name.encode(), b"scram-sha-256")
                db.execute(sql.SQL("alter role {} password {}").format(login, sql.Literal(verifier.decode())))
            with as_owner(db):
                db.execute(
                    "insert into auth.db_login (login, org_id, person_id, role) values (%s, %s, %s, %s)",
                    (name, org_id, person_id, role),
                )
        click.echo(f"{name} reads organization {org_id} as {full_name}: homeroom psql --as {name}")


@analyst.command("remove")
@click.argument("name")
@reported
def remove(name: str) -> None:
    """Drop the login NAME that `analyst add` made, and end its sessions."""
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        with db.transaction():
            with as_owner(db):
                gone = db.execute("delete from auth.db_login where login = %s", (name,)).rowcount
            if not gone:
                raise click.ClickException(f"{name} is not a login that `homeroom analyst add` made")
            db.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
        db.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (name,))
        click.echo(f"{name} is gone")


COMMANDS = [token, analyst]
