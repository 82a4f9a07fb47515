"""Throw-away PostgreSQL servers: one per version and pytest process, started when a test first asks."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from db.apply import ensure_database, migrate
from db.embedded import Embedded
from tests.support.recount import RECOUNT

SQL_SUPPORT = Path(__file__).parent.parent / "sql" / "support"
DEBIAN_BIN = Path("/usr/lib/postgresql/15/bin")
DEBIAN_SHARE = Path("/usr/share/postgresql/15")

# The data does not outlive the run, so nothing needs to reach the disk.
SETTINGS = {"fsync": "off", "full_page_writes": "off"}
# The embedded server comes without pgTAP; Debian's is plain SQL and loads there too.
SETTINGS_18 = {**SETTINGS, "extension_control_path": f"$system:{DEBIAN_SHARE}"}

STILL_NOW = 300  # seconds

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 << 30  # what the servers of a few processes never fill

Made = TypeVar("Made")


@dataclass(frozen=True)
class Database:
    """A database of one test, dropped with it."""

    server: Embedded
    version: int
    name: str

    def url(self, user: str = "postgres") -> str:
        """Where `user` connects to this database."""
        return self.server.url(self.name, user)

    def connect(self, user: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """Connect as `user`, autocommit unless `options` (those of psycopg.connect) say otherwise."""
        return psycopg.connect(self.url(user), **{"autocommit": True, **options})


class Cluster:
    """A running server, 18 (the embedded one) or 15 (Debian's), and the databases that tests copy.

    Use it as a context manager: leaving stops the server and removes its files.
    """

    def __init__(self, version: int, *, cron_database: str | None = None) -> None:
        """version: 18 or 15. cron_database: where pg_cron runs (15 only); None: nowhere."""
        self.version = version
        self._numbers = count(1)
        self._prepared: dict[Callable[[Any], Any], tuple[str, Any, float]] = {}
        self._home = Path(tempfile.mkdtemp(prefix=f"homeroom-test-{version}-", dir=_quick_folder()))
        self._home.chmod(0o711)  # as root, the server runs as another user and must get in
        self.server = Embedded(
            self._home / "data",
            bin_dir=DEBIAN_BIN if version == 15 else None,
            settings={
                **(SETTINGS if version == 15 else SETTINGS_18),
                **(self._cron_settings(cron_database) if cron_database else {}),
            },
        )

    def __enter__(self) -> "Cluster":
        self.server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.stop()
        shutil.rmtree(self._home)

    @cached_property
    def template(self) -> str:
        """Name of a migrated database without facts."""
        name = "template_homeroom"
        ensure_database(self.server.url(name))
        migrate(self.server.url(name))
        return name

    @cached_property
    def tap_template(self) -> str:
        """Name of a migrated database with pgTAP (schema `tap`) and tests/sql/support (schema `tests`).

        The view tests.drift shows where the performance aggregates differ from a recount.
        """
        if not (DEBIAN_SHARE / "extension" / "pgtap.control").exists():
            raise FileNotFoundError(f"no pgTAP in {DEBIAN_SHARE}; `.ci/system-packages test` installs it")
        name = "template_tap"
        self._copy(self.template, name)
        with psycopg.connect(self.server.url(name), autocommit=True) as connection:
            connection.execute("create schema tap; create extension pgtap schema tap; create schema tests")
            connection.execute("create view tests.drift as " + RECOUNT)
            for file in sorted(SQL_SUPPORT.glob("*.sql")):
                connection.execute(file.read_bytes())
        return name

    @contextmanager
    def prepared(self, make: Callable[[psycopg.Connection[Any]], Made]) -> Iterator[tuple[Database, Made]]:
        """A fresh copy of a migrated database in which `make` wrote facts, and what it returned.

        Facts are written once for all tests that ask for the same, and again on another day of UTC or after
        some minutes: those that `make` dated by the clock are as new as if they were of this test alone.
        """
        name, made, at = self._prepared.get(make, ("", None, 0.0))
        if int(at // 86400) != int(time.time() // 86400) or time.time() - at > STILL_NOW:
            if name:
                self._execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
            name, at = f"prepared_{next(self._numbers)}", time.time()
            self._copy(self.template, name)
            with psycopg.connect(self.server.url(name), autocommit=True) as connection:
                made = make(connection)
            self._prepared[make] = name, made, at
        with self.database(name) as database:
            yield database, made

    def _cron_settings(self, database: str) -> dict[str, str]:
        socket = conninfo_to_dict(Embedded(self._home / "data").url())["host"]
        return {
            "shared_preload_libraries": "pg_cron",
            "cron.database_name": database,
            "cron.host": str(socket),
            "cron.use_background_workers": "off",
        }

    @contextmanager
    def database(self, template: str) -> Iterator[Database]:
        """A fresh copy of `template`, dropped at the end whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._copy(template, name)
        try:
            yield Database(self.server, self.version, name)
        finally:
            self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _copy(self, template: str, name: str) -> None:
        create = sql.SQL("create database {} template {} strategy file_copy")
        # A copy has everything of a migrated database but the grants on the database itself.
        grant = sql.SQL(
            "update pg_database set datacl = (select t.datacl from pg_database as t where t.datname = {}) "
            "where datname = {}"
        )
        self._execute(
            create.format(sql.Identifier(name), sql.Identifier(template)),
            *([] if template == "template1" else [grant.format(template, name)]),
        )

    def _execute(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def _quick_folder() -> Path | None:
    """Where a server's files go: memory, if it may, which copies a database in 10 ms rather than 300.

    None, the usual folder for temporary files, where memory is scarce or may not hold programs.
    """
    if not MEMORY.is_dir():
        return None
    memory = os.statvfs(MEMORY)
    roomy = memory.f_bavail * memory.f_frsize >= MEMORY_BYTES
    return MEMORY if roomy and not memory.f_flag & os.ST_NOEXEC else None
