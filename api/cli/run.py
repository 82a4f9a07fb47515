"""The running system: `up` (everything, in the foreground) and `serve` (the API alone)."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import httpx
import msgspec

from api import auth
from api.cli.context import (
    admin_connection,
    counted,
    embedded_server,
    open_database,
    reported,
    say,
    settings_from_environment,
)
from api.cli.people import ROLES, suitable_person
from api.settings import Settings
from db import apply
from db.embedded import Embedded, EmbeddedError
from db.seed import SeedFailed, seed_schools
from db.server import become
from db.session import as_owner

READY_SECONDS = 30
STOP_SECONDS = 15
POLL_SECONDS = 0.2
RESTART_SECONDS = 5.0
DEMO = {"Riverside School": 240, "Hill School": 40}


@click.command(short_help="Run the whole system in the foreground.")
@click.option(
    "--demo",
    is_flag=True,
    help="Fill an empty database with two synthetic schools; print tokens; serve the page /demo.",
)
@click.option("--host", help="Address of the API [DASHBOARD_HOST].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the API [DASHBOARD_PORT].")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the embedded server keeps its data [HOMEROOM_DATA_DIR].",
)
@reported
def up(demo: bool, host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Run the whole system in the foreground: database, migrations, API, worker. Ctrl-C ends all of it.

    The database is the embedded one unless DATABASE_URL is set.
    """
    given = settings_from_environment(
        dashboard_host=host, dashboard_port=port, homeroom_data_dir=data_dir and data_dir.resolve()
    )
    hint = "try --port or DASHBOARD_PORT"
    # Before a new folder is filled. Where a server runs already, its owner is the better thing to name.
    if given.database_url or not embedded_server(given).running:
        _require_free_port(given, hint)
    with _until_signal() as stopped, _own_server(given) as server, open_database(given) as settings:
        _require_free_port(given, hint)
        _check(settings)
        url = settings.database_url or ""
        apply.ensure_database(url)
        outcome = apply.migrate(url, say=say)
        say(f"database: {counted(len(outcome.migrations), 'migration')} applied, code current")
        if demo:
            fill(settings)
            # The tokens are to stay in sight; who wants the lines sets REQUEST_LOG.
            logs = settings.request_log and "REQUEST_LOG" in os.environ
            settings = msgspec.structs.replace(settings, demo_page=True, request_log=logs)
        stopped.patient = True
        with _child(settings, "serve") as api, _child(settings, "work") as worker:
            if not _wait_until_ready(settings, api.process, stopped):
                return
            address = f"http://{settings.dashboard_host}:{settings.dashboard_port}"
            say(f"ready: {address} (documentation at {address}/docs); Ctrl-C ends it")
            if server and data_dir:
                say(f"for other terminals: export HOMEROOM_DATA_DIR={shlex.quote(str(server.data_dir))}")
            if demo and settings.jwt_secret:  # else somebody else signs tokens
                print_tokens(settings)
                say(
                    f"dashboards that move: {address}/demo#TOKEN "
                    "(TOKEN: what is printed for STUDENT, PARENT, TEACHER or TUTOR)"
                )
            _watch(api, worker, server, stopped)


@click.command(short_help="Run the API alone.")
@reported
def serve() -> None:
    """Run the API alone, on the database of DATABASE_URL or the running embedded one."""
    from api.app import run  # the web framework is slow to load; other commands do without

    given = settings_from_environment()
    _require_free_port(given, "try DASHBOARD_PORT")
    with open_database(given, start=False, as_api=True) as settings:
        run(settings)


def fill(settings: Settings) -> None:
    """Two synthetic schools for an empty database; the second shows that tenants do not meet.

    Where they were begun and cut short, they are finished.
    """

    def announce(name: str, done: int, students: int) -> None:
        if done < students:
            say(f"making {name} with {students} students")

    url = settings.database_url or ""
    with admin_connection(settings) as db, as_owner(db):
        found = db.execute("select source, external_id from school.organization").fetchall()
    if not {("synthetic", name) for name in DEMO}.issuperset(found):
        say("the database has data already; nothing added")
        return
    for name, students in DEMO.items():
        try:
            seed_schools(url, [name], students, progress=announce)
        except SeedFailed as error:
            raise click.ClickException(str(error)) from error


def print_tokens(settings: Settings) -> None:
    """One token per role, as shell assignments that can be pasted."""
    with admin_connection(settings) as db:
        for role in ROLES:
            try:
                org_id, person_id, name = suitable_person(db, role)
            except click.ClickException as error:
                say(f"# {error.message}")
                continue
            value = auth.sign(settings, {"sub": person_id, "org": org_id, "role": role}, 12 * 3600)
            click.echo(f"{role.upper()}={value}  # {name}")


class Stop(threading.Event):
    """Set by the first SIGINT or SIGTERM, which also breaks off what is going on until this is `patient`."""

    patient = False

    def signalled(self, *_: object) -> None:
        """Handle the signal; later ones change nothing, so that everything ends in order."""
        first = not self.is_set()
        self.set()
        if first and not self.patient:
            raise KeyboardInterrupt


@contextmanager
def _until_signal() -> Iterator[Stop]:
    """What SIGINT and SIGTERM set while the block runs; leaving it by them is no error."""
    stopped = Stop()
    kept = {number: signal.signal(number, stopped.signalled) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    except KeyboardInterrupt:
        say("stopped before it was ready")
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _require_free_port(settings: Settings, hint: str) -> None:
    """Raise ClickException if nobody can listen there: another server would answer in our place."""
    where = (settings.dashboard_host, settings.dashboard_port)
    try:
        family = socket.getaddrinfo(*where, type=socket.SOCK_STREAM)[0][0]
        socket.create_server(where, family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise click.ClickException(
            f"cannot listen on {where[0]} port {where[1]} ({reason}): {hint}"
        ) from error


def _check(settings: Settings) -> None:
    """Raise SettingsError for what the API would refuse, before anything is migrated."""
    from api.app import create_app  # slow to load

    create_app(settings)


@contextmanager
def _own_server(settings: Settings) -> Iterator[Embedded | None]:
    """The embedded server, started and owned by this process; None when DATABASE_URL names another."""
    if settings.database_url:
        yield None
        return
    with embedded_server(settings) as server:
        yield server


class Child:
    """A command of ours as a process that ends with this one, even when this one is killed."""

    def __init__(self, settings: Settings, command: str) -> None:
        self._settings = settings
        self._command = command
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        owner = [str(os.getpid()), str(int(signal.SIGTERM)), str(os.geteuid()), str(os.getegid())]
        command = [sys.executable, "-m", "api.cli", self._command]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", become.__file__, *owner, *command],
            env={**os.environ, **self._settings.environment()},
            start_new_session=True,
        )

    def stop(self) -> None:
        """Ask it to end, and kill it if it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def _child(settings: Settings, command: str) -> Iterator[Child]:
    """`homeroom <command>` as a child for as long as the block lasts."""
    child = Child(settings, command)
    try:
        yield child
    finally:
        child.stop()


def _wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], stopped: threading.Event) -> bool:
    """True once the API is ready, False when asked to stop before that; ClickException otherwise."""
    deadline = time.monotonic() + READY_SECONDS
    while not stopped.wait(POLL_SECONDS):
        if process.poll() is not None:
            raise click.ClickException(f"the API ended with exit code {process.returncode}; see above")
        try:
            url = f"http://{settings.dashboard_host}:{settings.dashboard_port}/health/ready"
            answer = httpx.get(url, timeout=2, trust_env=False)
            if answer.is_success:
                return True
            reason = answer.text
        except httpx.HTTPError as error:
            reason = str(error)
        if time.monotonic() > deadline:
            raise click.ClickException(f"the API is not ready after {READY_SECONDS} s: {reason}")
    return False


def _watch(api: Child, worker: Child, server: Embedded | None, stopped: threading.Event) -> None:
    """Until asked to stop: bring a database or a worker that died back; end when the API has ended.

    Every number is exact without the worker, so its end is no reason to take the API down.
    """
    while not stopped.wait(POLL_SECONDS):
        if api.process.poll() is not None:
            raise click.ClickException(f"the API ended with exit code {api.process.returncode}")
        if worker.process.poll() is not None and time.monotonic() > worker.started + RESTART_SECONDS:
            say(f"the worker ended with exit code {worker.process.returncode}; starting it again")
            worker.start()
        if server and (status := server.poll()) is not None:
            say(f"the database ended ({status}); starting it again")
            try:
                server.start()
            except EmbeddedError as error:
                raise click.ClickException(f"the database does not come back: {error}") from error
            say("the database is back")
    say("stopping")


COMMANDS = [up, serve]
