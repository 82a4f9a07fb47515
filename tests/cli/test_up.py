"""`homeroom up --demo` as a person runs it: ready, looked at, stopped, started again, killed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.process import free_port
from tests.support.users import ORDINARY, USERS, as_ordinary_user

ROOT = Path(__file__).parents[2]
ROLES = {"STUDENT", "PARENT", "TEACHER", "TUTOR", "MENTOR", "DIRECTOR", "ANALYST", "ADMIN", "SERVICE"}
PATIENCE = 60


class System:
    """A data folder, a free port, and the command on them."""

    def __init__(self, folder: Path, homeroom: list[str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.homeroom = homeroom
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = {
            **kept,
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOMEROOM_DATA_DIR": str(folder / "data"),
            "DASHBOARD_PORT": str(self.port),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self.homeroom, *arguments],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextmanager
    def up(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run `homeroom up`; wherever the test leaves it, it is ended."""
        process = subprocess.Popen(
            [*self.homeroom, "up", *arguments],
            env=self.environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        """Ask the API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, headers=headers, trust_env=False, verify=False, timeout=PATIENCE)

    def leftovers(self) -> list[str]:
        """Command lines of processes that still use the data folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = entry.with_name("environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.folder) in line + environment:
                found.append(line)
        return found

    def worker(self) -> int | None:
        """Process id of the worker, None while there is none."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if line.endswith(b"api.cli\0work\0") and os.fsencode(self.folder) in environment:
                return int(entry.name)
        return None

    def wait_until_gone(self) -> None:
        """Wait until no process and no socket is left."""
        deadline = time.monotonic() + PATIENCE
        while left := [*self.leftovers(), *map(str, self.folder.rglob(".s.PGSQL*"))]:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", self.port)) != 0


@pytest.fixture(params=USERS)
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """As an ordinary user and, where the tests run as root, as root."""
    folder = Path(tempfile.mkdtemp(prefix="homeroom-up-"))
    folder.chmod(0o755)
    homeroom = [sys.executable, "-m", "api.cli"]
    if request.param == "ordinary":
        os.chown(folder, *ORDINARY)
        homeroom = as_ordinary_user(homeroom)
    yield System(folder, homeroom)
    shutil.rmtree(folder)


def _tokens(process: subprocess.Popen[str], expected: set[str]) -> dict[str, str]:
    """Read the output until a token of each role has been printed."""
    assert process.stdout
    tokens: dict[str, str] = {}
    seen = []
    while set(tokens) != expected:
        line = process.stdout.readline()
        seen.append(line)
        assert line, "".join(seen)
        if found := re.match(r"([A-Z]+)=(\S+)  # .+", line):
            tokens[found[1]] = found[2]
    return tokens


def _until(condition: Any) -> Any:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if result := condition():
                return result
        except (httpx.HTTPError, FileNotFoundError):
            pass  # not there yet
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.every
def test_the_demo_answers_ends_and_keeps_its_data(system: System) -> None:
    with system.up("--demo") as process:
        tokens = _tokens(process, ROLES)
        assert process.stdout
        moving = (
            f"dashboards that move: http://127.0.0.1:{system.port}/demo#TOKEN "
            "(TOKEN: what is printed for STUDENT, PARENT, TEACHER or TUTOR)\n"
        )
        assert moving in iter(process.stdout.readline, "")
        assert system.get("/health/ready").status_code == 200
        first = system.get("/api/v1/student/performance", tokens["STUDENT"])
        assert first.status_code == 200
        assert first.json()["student_profile"]["total_quizzes_completed"] > 0
        assert len(system.get("/api/v1/parent/dashboard", tokens["PARENT"]).json()["children"]) > 0
        assert system.get("/api/v1/parent/dashboard", tokens["STUDENT"]).status_code == 403
        assert system.run("status").returncode == 0
        assert system.run("url").stdout.startswith("postgresql://")
        counted = system.run("psql", "-Atc", "select count(*) from school.organization")
        assert counted.stdout.strip() == "2"
        once_more = system.run("up")
        assert once_more.returncode == 1
        assert "owned by process" in once_more.stderr
        elsewhere = system.run("up", "--data-dir", str(system.folder / "other"))
        assert elsewhere.returncode == 1
        assert f"port {system.port} (Address already in use)" in elsewhere.stderr
        assert "ready:" not in elsewhere.stderr
        assert not (system.folder / "other").exists(), "the port is tested first"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    system.wait_until_gone()
    ended = system.run("psql", "-c", "select 1")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: no database is running in {system.folder / 'data'}: `homeroom up` starts it.\n"
        "HOMEROOM_DATA_DIR names another folder, DATABASE_URL another server.\n"
    )
    for command in ("status", "jobs"):
        assert system.run(command).returncode == 0, "it starts one"
    system.wait_until_gone()

    with system.up("--demo") as process:
        again = _tokens(process, ROLES)
        assert system.get("/api/v1/student/performance", tokens["STUDENT"]).content == first.content
        assert system.get("/api/v1/student/performance", again["STUDENT"]).content == first.content
    system.wait_until_gone()


def test_a_killed_owner_takes_everything_along(system: System) -> None:
    with system.up("--demo") as process:
        token = _tokens(process, ROLES)["STUDENT"]
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
        system.wait_until_gone()
    with system.up() as process:
        _until(lambda: system.get("/api/v1/student/performance", token).status_code == 200)


def test_a_killed_database_comes_back_under_the_api(system: System) -> None:
    with system.up("--demo") as process:
        token = _tokens(process, ROLES)["STUDENT"]
        before = system.get("/api/v1/student/performance", token).content
        pid_file = system.folder / "data/data/postmaster.pid"
        postmaster = pid_file.read_text().split()[0]
        os.kill(int(postmaster), signal.SIGKILL)
        _until(
            lambda: pid_file.read_text().split()[:1] not in ([], [postmaster])
        )  # empty while it is being written
        assert _until(lambda: system.get("/api/v1/student/performance", token).content == before)
        assert process.poll() is None


def test_a_killed_worker_comes_back_and_the_api_stays(system: System) -> None:
    with system.up("--demo") as process:
        token = _tokens(process, ROLES)["STUDENT"]
        first = _until(system.worker)
        assert _until(lambda: system.run("jobs").returncode == 0)
        os.kill(first, signal.SIGKILL)
        assert _until(lambda: system.worker() not in (None, first))
        assert system.get("/api/v1/student/performance", token).status_code == 200
        assert process.poll() is None
    system.wait_until_gone()


def test_an_analyst_gets_in_and_out(system: System) -> None:
    with system.up("--demo") as process:
        _tokens(process, ROLES)
        person = "select person_id from school.person_role where role = 'analyst' and org_id = 1"
        analyst = system.run("psql", "-Atc", person).stdout.strip()
        count = ["-Atc", "select count(distinct org_id), min(org_id) from school.person"]

        assert system.run("analyst", "add", "ada", "--person", analyst).returncode == 0
        assert system.run("psql", *count).stdout.strip() == "2|1"
        assert system.run("psql", "--as", "ada", *count).stdout.strip() == "1|1"
        refused = system.run("psql", "--as", "ada", "-c", "set role homeroom_admin")
        assert "permission denied" in refused.stderr
        assert system.run("analyst", "add", "ada", "--person", analyst).returncode == 1
        assert system.run("analyst", "add", "postgres", "--person", analyst).returncode == 1
        byron = system.run("analyst", "add", "Ada Byron", "--person", analyst)
        assert byron.stdout.endswith(": homeroom psql --as 'Ada Byron'\n")
        assert system.run("psql", "--as", "Ada Byron", *count).stdout.strip() == "1|1"
        student = system.run("psql", "-Atc", person.replace("analyst", "student")).stdout.split()[0]
        assert system.run("analyst", "add", "eve", "--person", student).returncode == 1
        assert system.run("analyst", "remove", "postgres").returncode == 1
        # Neither an open session nor something that the login left behind keeps it alive.
        assert system.run("psql", "--as", "ada", "-c", "select lo_create(0)").returncode == 0
        with psycopg.connect(system.run("url", "--as", "ada").stdout.strip(), autocommit=True) as session:
            removed = system.run("analyst", "remove", "ada")
            assert removed.returncode == 0, removed.stderr
            with pytest.raises(psycopg.OperationalError):
                session.execute("select 1")
        assert system.run("psql", "--as", "ada", "-c", "select 1").returncode != 0


def test_a_password_is_not_among_the_arguments_and_not_for_others(system: System) -> None:
    with system.up("--demo") as process:
        _tokens(process, ROLES)
        url = system.run("url").stdout.strip()
        system.environment["DATABASE_URL"] = url.replace("//postgres@", "//postgres:open-sesame@")
        seen = system.run("psql", "-Atc", r"\! tr '\0' ' ' < /proc/$PPID/cmdline; echo $PGPASSWORD").stdout
        assert "dbname=homeroom" in seen
        assert seen.split().count("open-sesame") == 1, "in the environment alone"
        assert "open-sesame" not in system.run("url", "--as", "ada").stdout


def test_the_way_to_another_folder_is_said(system: System) -> None:
    folder = system.folder / "an other"
    with system.up("--data-dir", str(folder)) as process:
        assert process.stdout
        while not (line := process.stdout.readline()).startswith("for other terminals: "):
            assert line
        assert line == f"for other terminals: export HOMEROOM_DATA_DIR='{folder}'\n"
        system.environment["HOMEROOM_DATA_DIR"] = str(folder)
        assert system.run("status").returncode == 0
        nobody = system.run("token", "--role", "student")
        assert nobody.stderr == "Error: no active person holds the role student\n"
        nobody = system.run("token", "--role", "student", "--org", "7")
        assert nobody.stderr == "Error: there is no organization 7\n"
    system.wait_until_gone()


UNMADE = [
    ["verify"],
    ["backfill"],
    ["seed", "--students", "10"],
    ["import", "oulad", "/"],
    ["analyst", "remove", "ada"],
    ["jobs"],
    ["status"],
    ["rollback"],
    ["migrate", "--check"],
    ["migrate", "--dry-run"],
]


def test_only_up_and_migrate_make_a_database(system: System) -> None:
    folder = system.folder / "data"
    for command in UNMADE:
        result = system.run(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: no database in {folder}: run `homeroom migrate`, or set HOMEROOM_DATA_DIR\n"
        )
    assert not folder.exists()
    assert system.run("migrate").returncode == 0
    assert system.run("status").returncode == 0


def test_serve_has_no_option_for_its_port(system: System) -> None:
    with socket.create_server(("127.0.0.1", system.port)):
        result = system.run("serve")
    assert result.stderr.endswith("(Address already in use): try DASHBOARD_PORT\n")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DASHBOARD_PORT": "http"}, "DASHBOARD_PORT"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_2(
    system: System, variables: dict[str, str], said: str
) -> None:
    system.environment |= variables
    for command in ("up", "serve", "migrate"):
        ended = system.run(command)
        assert ended.returncode == 2
        assert said in ended.stderr
        assert "short" not in ended.stderr


def test_usage_is_explained(system: System) -> None:
    overview = system.run("--help")
    for command in re.findall(r"^  (\w+) ", overview.stdout.partition("Commands:")[2], re.MULTILINE):
        assert system.run(command, "--help").stdout.startswith(f"Usage: homeroom {command}")
    assert system.run("fly").returncode == 2
