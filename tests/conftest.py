"""Fixtures of every test: the servers that the suite runs on, and a fresh database per test.

What asks for `cluster`, `template` or `database` runs once per PostgreSQL version (`--pg`, by default both).
"""

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from typing import TypeVar

import pytest

from tests.support.servers import DEBIAN_BIN, Cluster, Database

VERSIONS = {"18", "15"}

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --pg."""
    parser.addoption(
        "--pg",
        default="18,15",
        help="PostgreSQL versions to run on: 18 (embedded), 15 (Debian's), or both separated by a comma",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a version that is unknown or not installed: a missing server is an error, never a skip."""
    config.addinivalue_line("markers", "pg15: needs what only Debian's 15 has; not run without it")
    config.addinivalue_line("markers", "long: takes most of a minute; begun first")
    # A script's background has it ignored, and so would everything that the tests start and interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = set(config.getoption("--pg").split(","))
    if wanted - VERSIONS:
        raise pytest.UsageError(f"--pg: the suite runs on 18 and 15, not on {', '.join(wanted - VERSIONS)}")
    if "15" in wanted and not (DEBIAN_BIN / "postgres").exists():
        raise pytest.UsageError(
            f"no PostgreSQL 15 in {DEBIAN_BIN}: `.ci/system-packages test` installs it, --pg 18 does without"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a server once per version."""
    if "cluster" in metafunc.fixturenames:
        pg15 = metafunc.definition.get_closest_marker("pg15")
        versions = [15] if pg15 else list(map(int, metafunc.config.getoption("--pg").split(",")))
        ids = [f"pg{version}" for version in versions]
        metafunc.parametrize("cluster", versions, ids=ids, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs 15 where --pg asks for 18 alone.

    What waits for minutes of a clock comes first, then what takes long: none of it is left for the end, when
    the other processes have nothing more to do.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    items.sort(key=lambda item: item.get_closest_marker("pg15") is None)
    if "15" not in config.getoption("--pg").split(","):
        left_out = [item for item in items if item.get_closest_marker("pg15")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a skipped test fail: a skipped check checks nothing."""
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let a skipped module fail, too."""
    return _no_skip((yield))


def _no_skip(report: Report) -> Report:
    if report.skipped:
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def start_cluster() -> Iterator[Callable[[int], Cluster]]:
    """Return this process's cluster of a version: started at the first call, stopped with the run."""
    with ExitStack() as running:
        yield cache(lambda version: running.enter_context(Cluster(version)))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, start_cluster: Callable[[int], Cluster]) -> Cluster:
    """A throw-away server of the version that this test runs on."""
    return start_cluster(request.param)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database in the cluster, for `cluster.database(template)`."""
    return cluster.template


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[Database]:
    """A migrated database without facts, of this test alone."""
    with cluster.database(template) as fresh:
        yield fresh
