"""Fixtures of every test: the servers that the suite runs on, and a fresh database per test.

What asks for `cluster`, `template` or `database` runs on a version of PostgreSQL (`--pg`, by default both),
what asks for `system` as a user. What is of the database itself (tests/db, tests/sql) runs on each version,
unless it takes long or is one of several variants. Those, and what stands upon the database, run in the way
that their name draws; with `--every` in all.
"""

import signal
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from typing import TypeVar
from zlib import crc32

import pytest

from tests.support.servers import DEBIAN_BIN, Cluster, Database
from tests.support.users import USERS

VERSIONS = {"18", "15"}
OF_THE_DATABASE = ("tests/db/", "tests/sql/")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --pg and --every."""
    parser.addoption(
        "--pg",
        default="18,15",
        help="PostgreSQL versions to run on: 18 (embedded), 15 (Debian's), or both separated by a comma",
    )
    parser.addoption(
        "--every", action="store_true", help="run every test in every way, which takes twice as long"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a version that is unknown or not installed: a missing server is an error, never a skip."""
    config.addinivalue_line("markers", "pg15: needs what only Debian's 15 has; not run without it")
    config.addinivalue_line("markers", "every: run on every version, as every user")
    config.addinivalue_line("markers", "long: begun first; of the database, and yet on one version only")
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
    """Leave out what needs 15 where --pg asks for 18 alone, and of what is drawn all versions but one.

    What waits for minutes of a clock comes first, then what takes long: none of it is left for the end, when
    the other processes have nothing more to do.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    items.sort(key=lambda item: item.get_closest_marker("pg15") is None)
    versions = sorted(config.getoption("--pg").split(","))
    ways = {"cluster": [f"pg{version}" for version in versions], "system": USERS}
    left_out = {
        item
        for item in items
        if (item.get_closest_marker("pg15") and "15" not in versions)
        or not (config.getoption("--every") or _is_drawn(item, ways))
    }
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_drawn(item: pytest.Item, ways: Mapping[str, Sequence[str]]) -> bool:
    """Whether an item runs in the way that its name draws. ways: ids of what one is drawn of, by fixture."""
    marks = {mark.name for mark in item.iter_markers()}
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec") or marks & {"pg15", "every"}:
        return True
    ids = item.callspec.id.split("-")
    rest = [id for id in ids if not any(id in way for way in ways.values())]
    runs_on_each = item.nodeid.startswith(OF_THE_DATABASE) and "long" not in marks and not rest
    drawn = crc32(f"{item.nodeid.partition('[')[0]}{rest}".encode())
    return all(
        way[drawn % len(way)] in ids
        for name, way in ways.items()
        if name in item.callspec.params and not (name == "cluster" and runs_on_each)
    )


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
