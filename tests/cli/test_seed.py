"""`homeroom seed` as a person runs it: watched, repeated, killed, interrupted, misused."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE, environment, run
from tests.support.recount import drift
from tests.support.seed import digest
from tests.support.servers import Cluster, Database

MANY = 1500  # students: two transactions
SEED = ["seed", "--name", "Test", "--today", "2026-01-15", "--students"]


@contextmanager
def _started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command beside the test; wherever the test leaves it, it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments],
        env=environment,
        cwd="/",
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def embedded() -> Iterator[dict[str, str]]:
    """Where the command brings its own server, which lasts as long as the command."""
    with tempfile.TemporaryDirectory(prefix="homeroom-seed-") as folder:
        Path(folder).chmod(0o755)
        yield environment(HOME=folder, HOMEROOM_DATA_DIR=f"{folder}/data")


def test_on_the_embedded_server(embedded: dict[str, str]) -> None:
    assert run(embedded, "migrate").returncode == 0
    first = run(embedded, *SEED, "40", "--orgs", "2")
    assert first.returncode == 0, first.stderr
    assert first.stderr.splitlines()[:2] == ["Test: 40 of 40 students", "Test 2: 40 of 40 students"]
    assert first.stderr.splitlines()[2].startswith("80 students made in ")

    again = run(embedded, *SEED, "40", "--orgs", "2")
    assert again.returncode == 0
    assert again.stderr.splitlines() == [
        "Test is complete (organization 1, 40 students)",
        "Test 2 is complete (organization 2, 40 students)",
    ]
    more = run(embedded, *SEED, "50")
    assert (more.returncode, more.stderr) == (
        1,
        "Error: Test is there already, with 40 students: give another name\n",
    )


def test_a_run_that_is_killed_or_interrupted_is_finished_by_the_same_command(
    cluster: Cluster, template: str, database: Database
) -> None:
    command = [*SEED, str(MANY)]
    broken = environment(DATABASE_URL=database.url())
    for number in (signal.SIGKILL, signal.SIGINT):
        with _started(broken, *command) as process:
            assert process.stderr
            while "990 of 1,500" not in (line := process.stderr.readline()):
                assert line, "it ended too early"
            process.send_signal(number)
            assert process.wait(PATIENCE) == (1 if number == signal.SIGINT else -signal.SIGKILL)
        with database.connect() as db:  # nothing of the second half is there, nothing of the first is missing
            assert db.execute("select students from ops.seed_progress('Test')").fetchone() == (990,)
    finished = run(broken, *command)
    assert finished.returncode == 0, finished.stderr
    again = run(broken, *command)
    assert (again.returncode, again.stderr) == (0, "Test is complete (organization 1, 1,500 students)\n")

    with database.connect() as db:
        assert drift(db) == []
        assert db.execute("select students from ops.seed_progress('Test')").fetchone() == (MANY,)
    with cluster.database(template) as other:
        assert run(environment(DATABASE_URL=other.url()), *command).returncode == 0
        assert digest(database) == digest(other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--students'"),
        (["--students", "1"], "1 is not in the range 2<=x<=1000000"),
        (["--students", "many"], "'many' is not a valid integer"),
        (["--students", "2", "--orgs", "0"], "0 is not in the range"),
        (["--students", "2", "--name", " "], "a school has a name"),
        (["--students", "2", "--today", "tomorrow"], "does not match the format"),
    ],
)
def test_misuse_is_explained(arguments: list[str], message: str) -> None:
    result = run(environment(HOMEROOM_DATA_DIR="/nowhere"), "seed", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
