"""The embedded server: it keeps data, obeys one owner, and recovers from every kill -9."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from db import embedded
from db.embedded import Embedded, EmbeddedError, bundled_bin, default_data_dir
from db.server import child
from db.server.user import User, server_user
from tests.support.servers import DEBIAN_BIN
from tests.support.users import IS_ROOT, ORDINARY, as_ordinary_user

ROOT = Path(embedded.__file__).parent.parent
FAST = {"fsync": "off", "shared_buffers": "16MB"}

# Owns the server of folder argv[1] (programs in argv[2]): says where it is, and stops it when its input ends.
OWNER = f"""
import sys
from pathlib import Path
from db.embedded import Embedded
with Embedded(Path(sys.argv[1]), bin_dir=Path(sys.argv[2]), settings={FAST!r}) as server:
    print(server.url("postgres"), flush=True)
    sys.stdin.read()
"""

# Starts and stops this user's server in the default folder, and counts the starts.
DEFAULT_OWNER = f"""
import os, psycopg
from db.embedded import Embedded, default_data_dir
with Embedded(default_data_dir(), settings={FAST!r}) as server, psycopg.connect(server.url("postgres")) as db:
    db.execute("create table if not exists start (at timestamptz default now())")
    db.execute("insert into start default values")
    print(os.geteuid(), server.data_dir, db.execute("select count(*) from start").fetchone()[0])
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what takes `bin_dir` on every version asked for."""
    if "bin_dir" in metafunc.fixturenames:
        programs = {"18": bundled_bin(), "15": DEBIAN_BIN}
        versions = metafunc.config.getoption("--pg").split(",")
        metafunc.parametrize("bin_dir", [programs[v] for v in versions], ids=[f"pg{v}" for v in versions])


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the server's user may enter (pytest's are closed); no server is left in it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="homeroom-embedded-")).resolve()
    folder.chmod(0o711)
    yield folder
    data = [file.parent for file in folder.rglob("PG_VERSION")]
    left = [pid for directory in data for pid in processes_in(directory)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(processes_in, data)))
    shutil.rmtree(folder)
    assert not left


@pytest.fixture
def home() -> Iterator[Path]:
    """A new folder for this test."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A folder for all tests that may meet what others left there: they save the time of initdb."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def any_server(used: Path, bin_dir: Path) -> Iterator[Embedded]:
    """A server of each version, not started, maybe with data from earlier tests."""
    server = Embedded(used / bin_dir.parent.name, bin_dir=bin_dir, settings=FAST)
    yield server
    server.stop()


@pytest.fixture
def server(used: Path) -> Iterator[Embedded]:
    """The same of the bundled version alone."""
    server = Embedded(used / bundled_bin().parent.name, settings=FAST)
    yield server
    server.stop()


def processes_in(folder: Path) -> set[int]:
    """Pids of the processes that work in a folder, as those of a server do in its data directory."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.add(int(process.name))
        except OSError:
            continue
    return found


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def query(server: Embedded, statement: str) -> Any:
    """Run a statement, committed; return the first value of a result."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as db:
        cursor = db.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def postmaster(server: Embedded) -> int:
    """Pid of the server's first process."""
    return int((server.data_dir / "data/postmaster.pid").read_text().splitlines()[0])


@contextmanager
def owner(folder: Path, bin_dir: Path | None = None, *, wait: bool = True) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the server of the folder; with `wait`, from when that runs."""
    command: list[str | Path] = [sys.executable, "-c", OWNER, folder, bin_dir or bundled_bin()]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            if wait:
                assert process.stdout.readline().startswith("postgresql://")
            yield process
        finally:
            process.kill()


@contextmanager
def bystander(server: Embedded, cwd: str | Path = "/") -> Iterator[int]:
    """A process of the server's user that is no server; gives its pid, and ends with it alive."""
    user = server_user(server.data_dir / "data")
    switch: dict[str, Any] = {"user": user.uid, "group": user.gid, "extra_groups": []} if IS_ROOT else {}
    with subprocess.Popen(["sleep", "60"], cwd=cwd, **switch) as process:
        try:
            yield process.pid
            assert process.poll() is None
        finally:
            process.kill()


@contextmanager
def orphan_to_be(server: Embedded) -> Iterator[int]:
    """A connection too busy to notice the death of the postmaster; gives the pid of its backend."""
    with closing(psycopg.connect(server.url("postgres"), autocommit=True)) as db:
        pid = db.info.backend_pid
        db.pgconn.send_query(b"do $$ begin loop end loop; end $$")
        until(lambda: query(server, f"select state = 'active' from pg_stat_activity where pid = {pid}"))
        yield pid


def test_data_outlives_the_server(home: Path, bin_dir: Path) -> None:
    server = Embedded(home / "d", bin_dir=bin_dir, settings=FAST)
    assert (server.running, server.owned) == (False, False)
    with server:
        assert (server.running, server.owned) == (True, True)
        query(server, "create table kept as select 42 as answer")
        pid = postmaster(server)
        server.start()
        assert pid == postmaster(server)  # it did nothing
        assert Path(f"/proc/{pid}").stat().st_uid == server_user(home / "d/data").uid != 0
    assert (server.running, server.owned) == (False, False)
    assert processes_in(home / "d/data") == set()
    assert not (home / "d/run").exists()
    with server:
        command: list[str | Path] = [server.psql(), server.url("postgres"), "-Atc", "select answer from kept"]
        assert subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout == "42\n"


def test_an_ordinary_user_needs_nothing_but_a_home(home: Path) -> None:
    os.chown(home, *ORDINARY)
    command = as_ordinary_user([sys.executable, "-c", DEFAULT_OWNER])
    environment = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("XDG_DATA_HOME", None)
    for start in (1, 2):
        run = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        assert run.stdout == f"{ORDINARY.uid} {home}/.local/share/homeroom {start}\n"
    assert (home / ".local/share/homeroom").stat().st_mode & 0o077 == 0


def test_killed_owner_takes_the_server_along(any_server: Embedded, bin_dir: Path) -> None:
    server, data = any_server, any_server.data_dir / "data"
    with owner(server.data_dir, bin_dir) as process, closing(psycopg.connect(server.url("postgres"))) as db:
        query(server, "drop table if exists kept; create table kept as select 42 as answer")
        db.execute("insert into kept values (43)")  # not committed
        old = postmaster(server)
        process.kill()
        process.wait()
        with server:  # at once, while the old one still shuts down
            assert old not in processes_in(data)
            assert query(server, "select array_agg(answer) from kept") == [42]
    last_start = (server.data_dir / "log/postgresql.log").read_text().rpartition("starting PostgreSQL")[2]
    assert "database system was shut down at" in last_start  # in order, that is, not interrupted


def test_killed_server_is_revived(any_server: Embedded) -> None:
    with any_server as server:
        query(server, "drop table if exists kept; create table kept as select 42 as answer")
        with orphan_to_be(server) as orphan:
            os.kill(postmaster(server), signal.SIGKILL)
            until(lambda: server.poll() is not None)
            assert server.poll() == -signal.SIGKILL
            assert (server.running, server.owned) == (False, True)
            server.start()
            assert orphan not in processes_in(server.data_dir / "data")
        assert server.poll() is None
        assert query(server, "select answer from kept") == 42


def test_server_does_not_outlive_its_owner(server: Embedded) -> None:
    with owner(server.data_dir) as process:
        process.kill()
        until(lambda: not processes_in(server.data_dir / "data"))


def test_both_sides_killed(server: Embedded) -> None:
    with owner(server.data_dir) as process:
        query(server, "drop table if exists kept; create table kept as select 42 as answer")
        with orphan_to_be(server):
            os.kill(postmaster(server), signal.SIGKILL)
            process.kill()
            process.wait()
            with server:
                assert query(server, "select answer from kept") == 42


def test_stop_after_a_crash_leaves_nothing(server: Embedded) -> None:
    server.start()
    with orphan_to_be(server):
        os.kill(postmaster(server), signal.SIGKILL)
        until(lambda: server.poll() is not None)
        server.stop()
        assert processes_in(server.data_dir / "data") == set()
    assert not (server.data_dir / "run").exists()


def test_killed_first_start_begins_anew(home: Path, bin_dir: Path) -> None:
    with owner(home / "d", bin_dir, wait=False) as process:
        until((home / "d/data.draft/base/1").exists)
        process.kill()
        process.wait()
        assert not (home / "d/data").exists()
        with Embedded(home / "d", bin_dir=bin_dir, settings=FAST) as server:
            assert query(server, "select 1") == 1
    assert not (home / "d/data.draft").exists()


def test_stale_pid_files_harm_nobody(server: Embedded) -> None:
    with server:
        user = server_user(server.data_dir / "data")
    run = server.data_dir / "run"
    run.mkdir(mode=0o700)
    with bystander(server) as pid:
        for file in (server.data_dir / "data/postmaster.pid", run / ".s.PGSQL.5432.lock"):
            file.write_text(f"{pid}\n{server.data_dir / 'data'}\n1700000000\n5432\n{run}\n\n")
            os.chown(file, *user)
        os.chown(run, *user)
        with server:
            assert query(server, "select 1") == 1


def test_a_server_started_by_other_means_is_left_alone(server: Embedded) -> None:
    with server:
        pass
    data = server.data_dir / "data"
    with bystander(server, cwd=data) as pid:  # it works there, like a server
        (data / "postmaster.pid").write_text(f"{pid}\n")
        with pytest.raises(EmbeddedError, match=f"Process {pid}, a server that Homeroom did not start"):
            server.start()
        assert (data / "postmaster.pid").exists()


def test_a_server_has_one_owner(server: Embedded) -> None:
    with owner(server.data_dir) as process:
        assert (server.running, server.owned) == (True, False)
        with pytest.raises(
            EmbeddedError, match=rf"already runs, owned by process {process.pid}\.\n.*HOMEROOM_DATA_DIR"
        ):
            server.start()
        server.stop()  # is not ours to stop
        assert query(server, "select 1") == 1
        process.communicate("")
        assert process.returncode == 0
    assert not server.running
    with server:
        assert server.owned


def test_ctrl_c_reaches_the_owner_alone(server: Embedded) -> None:
    with owner(server.data_dir) as process:
        assert os.getsid(postmaster(server)) != os.getsid(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    assert processes_in(server.data_dir / "data") == set()
    assert not (server.data_dir / "run").exists()


def test_server_outlives_the_thread_that_started_it(server: Embedded) -> None:
    thread = Thread(target=server.start)
    thread.start()
    thread.join()
    time.sleep(0.2)  # the kernel would have sent the signal by now
    assert server.poll() is None
    assert query(server, "select 1") == 1


def test_another_major_version_is_refused_with_advice(any_server: Embedded, bin_dir: Path) -> None:
    with any_server:
        pass
    other = DEBIAN_BIN if bin_dir == bundled_bin() else bundled_bin()
    with pytest.raises(EmbeddedError) as refusal:
        Embedded(any_server.data_dir, bin_dir=other, settings=FAST).start()
    assert all(
        word in str(refusal.value)
        for word in ("PostgreSQL 18", "PostgreSQL 15", "pg_dump", "HOMEROOM_DATA_DIR")
    )


def test_foreign_files_are_not_taken_for_a_database(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data/diary.txt").touch()
    with pytest.raises(EmbeddedError, match="is no database"):
        Embedded(home, settings=FAST).start()
    assert [file.name for file in (home / "data").iterdir()] == ["diary.txt"]


@pytest.mark.parametrize("name", ["long" * 50, "a,comma"])
def test_any_path_will_do(home: Path, name: str) -> None:
    with Embedded(home / name, settings=FAST) as server:
        assert query(server, "select 1") == 1
        assert query(Embedded(home / name), "select 1") == 1  # which finds the socket as well
        folder = Path(query(server, "show unix_socket_directories"))
        assert folder.parent == Path("/tmp")
    assert not folder.exists()


def test_a_socket_folder_laid_out_by_others_is_refused(home: Path) -> None:
    server = Embedded(home / ("long" * 50), settings=FAST)
    folder = Path(str(conninfo_to_dict(server.url())["host"]))
    user = server_user(server.data_dir / "data")
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    os.chown(elsewhere, *user)

    def refused() -> None:
        with pytest.raises(EmbeddedError, match=f"{folder} should be a folder that only uid {user.uid} can"):
            server.start()

    folder.symlink_to(elsewhere)
    refused()
    folder.unlink()
    assert list(elsewhere.iterdir()) == []
    folder.touch(mode=0o600)
    os.chown(folder, *user)
    refused()
    folder.unlink()
    folder.mkdir()
    os.chown(folder, *user)
    refused()  # others may read it
    folder.chmod(0o700)
    if IS_ROOT:
        os.chown(folder, user.uid + 1, user.gid)
        refused()
        os.chown(folder, *user)
    with server:
        assert query(server, "select 1") == 1


def test_data_stays_with_its_owner(home: Path) -> None:
    if IS_ROOT:
        os.chown(home, 12345, 54321)
    assert server_user(home) == (User(12345, 54321) if IS_ROOT else ORDINARY)


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert default_data_dir() == Path("/var/lib/homeroom" if IS_ROOT else "/somewhere/homeroom")


def test_a_closed_data_folder_is_refused_with_advice(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700 if IS_ROOT else 0o500)
    with pytest.raises(
        EmbeddedError, match="HOMEROOM_DATA_DIR .*/var/lib/homeroom" if IS_ROOT else "Permission denied"
    ):
        Embedded(home / "closed/d", settings=FAST).start()


def test_programs_closed_to_the_servers_user_are_copied_once(home: Path) -> None:
    (home / "venv").mkdir(mode=0o700)
    package = bundled_bin().parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, home / "venv" / folder.name, copy_function=os.symlink)
    server = Embedded(home / "d", bin_dir=home / "venv" / package.name / "pginstall/bin", settings=FAST)
    copies = []
    for _ in range(2):
        with server:
            assert query(server, "select 1") == 1
            copies.append([(path.name, path.stat().st_ino) for path in server.data_dir.glob("programs-*")])
    assert copies[0] == copies[1]
    assert len(copies[0]) == (1 if IS_ROOT else 0)


def test_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    name = "it's a \\ test"
    with Embedded(home / "d", settings={**FAST, "cluster_name": name}) as server:
        assert query(server, "show cluster_name") == name
        assert query(server, "show timezone") == "UTC"
        assert query(server, "show listen_addresses") == ""
        query(server, "alter system set work_mem = '3MB'")
        query(server, "alter system set listen_addresses = '127.0.0.1'")
        query(server, "alter system set port = 6000")
        environment = Path(f"/proc/{postmaster(server)}/environ").read_text()
        assert "HOME" not in environment  # nor anything else of this process's that may be a secret
    with server:
        assert query(server, "show work_mem") == "3MB"
        assert query(server, "show listen_addresses") == ""


def test_failed_start_quotes_the_server(server: Embedded) -> None:
    broken = Embedded(server.data_dir, settings={**FAST, "shared_buffers": "plenty"})
    with pytest.raises(EmbeddedError, match=r'status 1:\n(.*\n)*.*"shared_buffers": "plenty"'):
        broken.start()
    assert not broken.owned
    with server:
        assert query(server, "select 1") == 1


def test_slow_start_ends_with_an_error(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    with pytest.raises(EmbeddedError, match="no connections after 0 s"):
        server.start()
    assert not server.owned
    assert processes_in(server.data_dir / "data") == set()


def _runs(pid: int, program: str) -> bool:
    return Path(f"/proc/{pid}/comm").read_text() == f"{program}\n"


@pytest.fixture
def in_background() -> Iterator[None]:
    """As a script's `&` starts a process: these signals are ignored, and would be by its children."""
    ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    yield
    for number, handler in ignored.items():
        signal.signal(number, handler)


def test_in_the_background_of_a_script_a_stop_that_comes_early_is_heard(
    server: Embedded, in_background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server:
        query(server, "select 1")
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    began = time.monotonic()
    with pytest.raises(EmbeddedError, match="no connections after 0 s"):
        server.start()
    assert time.monotonic() - began < embedded.STOP_SECONDS / 2
    assert processes_in(server.data_dir / "data") == set()


def test_in_the_background_of_a_script_children_heed_signals(home: Path, in_background: None) -> None:
    user = server_user(home)
    with (home / "lock").open("w") as lock:
        for number in (signal.SIGINT, signal.SIGQUIT):
            sleep = child.Child(
                ["/bin/sleep", "60"],
                user,
                death_signal=signal.SIGTERM,
                inherit=lock.fileno(),
                log=home / "log",
            )
            until(partial(_runs, sleep.pid, "sleep"))
            sleep.end((number, 10))
            assert sleep.poll() == -number


def test_log_is_bounded(server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOG_BYTES", 20_000)
    with server:
        query(server, "do $$ begin for i in 1..2000 loop raise log 'line %', i; end loop; end $$")
    logs = sorted((server.data_dir / "log").glob("postgresql.log*"))
    assert [log.name for log in logs] == ["postgresql.log", "postgresql.log.1"]
    assert sum(log.stat().st_size for log in logs) < 2 * 20_000 + 65536  # a chunk is not cut
    assert "database system is shut down" in logs[0].read_text()
