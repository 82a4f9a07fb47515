"""A PgBouncer of Debian's, in transaction mode, in front of a test's database."""

from __future__ import annotations

import configparser
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.support.servers import Database

PROGRAM = Path("/usr/sbin/pgbouncer")
SHIPPED = Path(__file__).parents[2] / "deploy" / "pgbouncer" / "pgbouncer.ini"
PATIENCE = 30
PORT = 6432


class Pooler:
    """The configuration that we ship, with paths, sizes and trust of a test. Start and stop it at will."""

    def __init__(self, database: Database, folder: Path, servers: int, others: dict[str, str]) -> None:
        self._database = database
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"
        # Nobody else reaches the server's socket.
        self.user = pwd.getpwuid(Path(str(conninfo_to_dict(database.url())["host"])).stat().st_uid).pw_name
        server = conninfo_to_dict(database.url())
        ini = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",), strict=True)
        ini.read_string(SHIPPED.read_text())
        ini["databases"] = {"homeroom": f"host={server['host']} port={server['port']} dbname={database.name}"}
        users = folder / "users"
        users.write_text('"homeroom_api" ""\n"postgres" ""\n')
        ini["pgbouncer"].update(
            {
                "listen_addr": "",
                "listen_port": str(PORT),
                "unix_socket_dir": str(folder),
                "auth_type": "trust",
                "auth_file": str(users),
                "default_pool_size": str(servers),
                "admin_users": "postgres",
                "logfile": str(self.log),
                "pidfile": str(folder / "pid"),
                **others,
            }
        )
        with (folder / "ini").open("w") as file:
            ini.write(file)

    def url(self, user: str = "homeroom_api", database: str = "homeroom") -> str:
        """Where clients connect."""
        return f"postgresql://{user}@/{database}?host={quote(str(self._folder), safe='')}&port={PORT}"

    def start(self) -> None:
        """Start it and wait until it lets clients in."""
        as_user = ["-u", self.user] if os.getuid() == 0 else []  # it does not run as root
        self._process = subprocess.Popen(
            [PROGRAM, "-q", *as_user, self._folder / "ini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.tell("show version")
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.01)

    def stop(self) -> None:
        """Break everybody's connections off and end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE)
            self._process = None

    def tell(self, command: str) -> list[tuple[object, ...]]:
        """What its console answers."""
        with psycopg.connect(
            self.url("postgres", "pgbouncer"), autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as console:
            cursor = console.execute(command.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def pooled(database: Database, servers: int = 2, **others: str) -> Iterator[Pooler]:
    """Run a pooler with so many connections to the server; others: of its settings."""
    folder = Path(tempfile.mkdtemp(prefix="homeroom-pooler-"))
    pooler = Pooler(database, folder, servers, others)
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, pooler.user)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.stop()
        shutil.rmtree(folder)
