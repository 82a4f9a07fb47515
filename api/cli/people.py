"""Who gets in: tokens for the API, logins for SQL."""

from __future__ import annotations

import shlex
import uuid

import click
import psycopg
from psycopg import sql

from api.cli.context import (
    admin_connection,
    open_database,
    plain,
    reported,
    require_current,
    say,
    settings_from_environment,
)
from db.session import NOT_CURRENT, as_owner

LONGEST_NAME = 63  # PostgreSQL cuts longer ones
CONNECTIONS = 10
MARK = "Made by homeroom analyst add."
ROLES = ("student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service")


@click.command()
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--person", type=click.UUID, help="Whose token; without it, a person whom the role suits.")
@click.option("--org", type=click.IntRange(min=1), help="Organization; without it, the first that fits.")
@click.option(
    "--hours", type=click.IntRange(1, 8760), default=12, show_default=True, help="How long it is good for."
)
@reported
def token(role: str, person: uuid.UUID | None, org: int | None, hours: int) -> None:
    """Print a token for the API, signed with the configured secret. One line, nothing else."""
    from api import auth  # slow to load

    with (
        open_database(settings_from_environment(), start=False) as settings,
        admin_connection(settings) as db,
    ):
        require_current(settings)
        org_id, person_id, name = suitable_person(db, role, org, person)
        say(f"{name} as {role}, organization {org_id}")
        click.echo(auth.sign(settings, {"sub": person_id, "org": org_id, "role": role}, hours * 3600))


def suitable_person(
    connection: psycopg.Connection, role: str, org: int | None = None, person: uuid.UUID | None = None
) -> tuple[int, str, str]:
    """(organization, person id, name) of somebody active who holds the role.

    Raises ClickException if there is nobody, or if several organizations have a person of that id.
    """
    with as_owner(connection):
        rows = connection.execute(
            "select org_id, person_id, name from auth.suitable_people(%s, %s, %s) limit 2",
            (role, org, person),
        ).fetchall()
        if not rows:
            raise click.ClickException(_why_nobody(connection, role, org, person))
    if person and len(rows) > 1:
        raise click.ClickException("two organizations have a person of that id: say which with --org")
    org_id, person_id, name = rows[0]
    return org_id, str(person_id), plain(name)


def _why_nobody(connection: psycopg.Connection, role: str, org: int | None, person: uuid.UUID | None) -> str:
    """What is wrong where nobody suits. In a session that acts as the owner."""
    if org is not None:
        require_organization(connection, org)
    if person is None:
        return f"no active person holds the role {role}" + (" there" if org else "")
    name, roles = roles_of(connection, person, org)
    if role in roles:
        return f"{name} is not active"
    return f"{name} does not hold the role {role}; holds: {', '.join(roles) or 'none'}"


def roles_of(connection: psycopg.Connection, person: uuid.UUID, org: int | None) -> tuple[str, list[str]]:
    """(name, roles held) of whoever has this id. As the owner. Raises ClickException."""
    rows = connection.execute(
        "select p.name, r.role from school.person as p "
        "left join school.person_role as r on r.org_id = p.org_id and r.person_id = p.id "
        "where p.id = %s and p.org_id = coalesce(%s, p.org_id) order by p.org_id, r.role",
        (person, org),
    ).fetchall()
    if not rows:
        raise click.ClickException("nobody has this id" + (f" in organization {org}" if org else ""))
    return plain(rows[0][0]), sorted({role for _, role in rows if role})


def require_organization(connection: psycopg.Connection, org: int) -> None:
    """Raise ClickException unless there is this organization. In a session that acts as the owner."""
    found = connection.execute("select from school.organization where org_id = %s", (org,)).fetchone()
    if found is None:
        raise click.ClickException(f"there is no organization {org}")


@click.group()
def analyst() -> None:
    """Give people SQL access, and take it back."""


@analyst.command("add")
@click.argument("name")
@click.option("--person", required=True, type=click.UUID, help="The person behind the login.")
@click.option(
    "--org", type=click.IntRange(min=1), help="The person's organization, where the id alone is not enough."
)
@click.option("--role", type=click.Choice(["analyst", "admin"]), default="analyst", show_default=True)
@click.option("--password", is_flag=True, help="Ask for a password (the embedded server needs none).")
@reported
def add(name: str, person: uuid.UUID, org: int | None, role: str, password: bool) -> None:
    """Make the PostgreSQL login NAME for a person who holds the role.

    The login sees the rows of the person's organization and no others, whatever it sets in its session.
    """
    if name.startswith(("homeroom_", "pg_")) or len(name.encode()) > LONGEST_NAME:
        raise click.UsageError(
            f"a name has at most {LONGEST_NAME} bytes and begins with neither homeroom_ nor pg_"
        )
    phrase = click.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        require_current(settings)
        org_id, person_id, full_name = suitable_person(db, role, org, person)
        login = sql.Identifier(name)
        with db.transaction():
            # Fails for a name that exists: never is an existing login, a superuser's say, given to a person.
            db.execute(
                sql.SQL("create role {} login connection limit {} in role {}").format(
                    login, sql.Literal(CONNECTIONS), sql.Identifier(f"homeroom_{role}")
                )
            )
            db.execute(sql.SQL("comment on role {} is {}").format(login, sql.Literal(MARK)))
            if phrase:
                verifier = db.pgconn.encrypt_password(phrase.encode(), name.encode(), b"scram-sha-256")
                db.execute(sql.SQL("alter role {} password {}").format(login, sql.Literal(verifier.decode())))
            with as_owner(db):
                # A restored database may remember a login that its old server had.
                db.execute(
                    "insert into auth.db_login (login, org_id, person_id, role) values (%s, %s, %s, %s) "
                    "on conflict (login) do update set "
                    "org_id = excluded.org_id, person_id = excluded.person_id, role = excluded.role",
                    (name, org_id, person_id, role),
                )
        click.echo(
            f"{name} reads organization {org_id} as {full_name}: homeroom psql --as {shlex.quote(name)}"
        )


@analyst.command("remove")
@click.argument("name")
@reported
def remove(name: str) -> None:
    """Shut out the login NAME that `analyst add` made, end its sessions, and drop it."""
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        # A login is to be shut out also while a release is pending, but not where there never was one.
        known = "select from pg_tables where (schemaname, tablename) = ('auth', 'db_login')"
        if db.execute(known).fetchone() is None:
            raise click.ClickException(NOT_CURRENT)
        mark = "select from pg_roles where rolname = %s and shobj_description(oid, 'pg_authid') = %s"
        if db.execute(mark, (name, MARK)).fetchone() is None:
            raise click.ClickException(f"{name} is not a login that `homeroom analyst add` made")
        login = sql.Identifier(name)
        # First nothing is left to see and no way in; only then what may fail.
        with db.transaction():
            db.execute(sql.SQL("alter role {} nologin").format(login))
            db.execute(
                sql.SQL("grant {} to current_user").format(login)
            )  # to end what it has, without superuser
            with as_owner(db):
                db.execute("delete from auth.db_login where login = %s", (name,))
        try:
            db.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", (name,)
            )
            db.execute(sql.SQL("drop owned by {}").format(login))
            db.execute(sql.SQL("drop role {}").format(login))
        except psycopg.Error as error:
            raise click.ClickException(
                f"{name} is shut out, but the role cannot be dropped: {error}"
            ) from error
        click.echo(f"{name} is gone")


COMMANDS = [token, analyst]
