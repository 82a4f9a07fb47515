"""What every command needs: settings, a database, and errors that end in one line and the right exit code."""

from __future__ import annotations

import functools
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.settings import Settings, SettingsError, load
from db import apply
from db.apply import MigrateError
from db.embedded import Embedded, EmbeddedError, default_data_dir
from db.session import NOT_CURRENT, connect

P = ParamSpec("P")
R = TypeVar("R")

NO_DATABASE = re.compile('database ".+" does not exist')


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: known errors become one message and exit code 1 (2 for wrong settings)."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
        except (MigrateError, EmbeddedError, psycopg.Error) as error:
            message = str(error).strip()
            if isinstance(error, psycopg.OperationalError) and (missing := NO_DATABASE.search(message)):
                message = f"{missing[0]}: run `homeroom migrate` first"
            raise click.ClickException(message) from error

    return wrapped


def say(line: str) -> None:
    """Report a step on standard error, where it does not mix with what a command prints."""
    click.echo(line, err=True)


def counted(number: int, noun: str) -> str:
    """A number and its noun: `1 mark`, `1,291 marks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def plain(text: str) -> str:
    """A text that somebody else wrote, without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def settings_from_environment(**overrides: object) -> Settings:
    """The settings, with options of the command line in place of variables. Raises SettingsError."""
    given = {name.upper(): str(value) for name, value in overrides.items() if value is not None}
    return load({**os.environ, **given})


def embedded_server(settings: Settings) -> Embedded:
    """The embedded server that these settings mean; not started."""
    return Embedded(settings.homeroom_data_dir or default_data_dir())


@contextmanager
def open_database(
    settings: Settings, *, start: bool = True, create: bool = False, as_api: bool = False
) -> Iterator[Settings]:
    """The settings completed by a running database's URLs and, for the embedded one, the secret for tokens.

    as_api: API_DATABASE_URL is enough, so that the API's process need not know the owner's password.
    Without DATABASE_URL: joins the embedded server if it runs; else starts it for as long as the block lasts
    (start=True), or raises click.ClickException. The same where there is none yet, unless create=True.
    """
    if settings.database_url or (as_api and settings.api_database_url):
        yield settings
        return
    server = embedded_server(settings)
    if server.running:
        yield _for_embedded(settings, server)
    elif not start:
        raise click.ClickException(
            f"no database is running in {server.data_dir}: `homeroom up` starts it.\n"
            "HOMEROOM_DATA_DIR names another folder, DATABASE_URL another server."
        )
    elif not create and not server.exists:
        raise click.ClickException(
            f"no database in {server.data_dir}: run `homeroom migrate`, or set HOMEROOM_DATA_DIR"
        )
    else:
        with server:
            yield _for_embedded(settings, server)


def _for_embedded(settings: Settings, server: Embedded) -> Settings:
    completed = msgspec.structs.replace(
        settings, database_url=server.url(), api_database_url=server.url(user="homeroom_api")
    )
    if settings.jwt_algorithm == "HS256" and not settings.jwt_secret:
        secret = _kept_secret(settings.homeroom_data_dir or default_data_dir())
        completed = msgspec.structs.replace(completed, jwt_secret=secret)
    return completed


def _kept_secret(data_dir: Path) -> str:
    """The embedded system's signing key, made once and kept beside its data: tokens outlive a restart."""
    path = data_dir / "jwt-secret"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        draft = data_dir / f".jwt-secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48) + "\n")
        try:
            os.link(draft, path)  # the first of two processes wins, and none reads half a secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text().strip()


def require_current(settings: Settings) -> None:
    """Raise ClickException unless the database is of this release."""
    if apply.pending(settings.database_url or ""):
        raise click.ClickException(NOT_CURRENT)


def admin_connection(settings: Settings) -> psycopg.Connection:
    """A session as DATABASE_URL's login, autocommit."""
    return connect(settings.database_url or "", "cli")


def conninfo_as(settings: Settings, login: str | None) -> str:
    """DATABASE_URL; or the same database as another login, without DATABASE_URL's own password."""
    url = settings.database_url or ""
    if login is None:
        return url
    parameters = conninfo_to_dict(url) | {"user": login}
    parameters.pop("password", None)
    return make_conninfo("", **parameters)
