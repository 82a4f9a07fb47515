"""Fixtures of the API's tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api import limits
from tests.api.process import PATIENCE
from tests.api.student import Programs, World
from tests.api.support import People, School, school_of
from tests.support.servers import Cluster

# Signs of life come soon, so that no test waits long for one. Pings, which a client has to answer, do not: a
# test reads when it has got so far.
LIVELY = {"stream_heartbeat_seconds": 0.1, "stream_slow_seconds": 0.5}


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A request waits to be counted for as long as a busy machine takes; tests of a slow store do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "STORE_SECONDS", PATIENCE)
        yield


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by the path of each request that is not answered at once."""
    made: list[str] = []
    begin = HttpToolsProtocol._start_asgi_task

    def begun(self: Any, cycle: Any, app: Any) -> None:
        made.append(cycle.scope["path"])
        begin(self, cycle, app)

    monkeypatch.setattr(HttpToolsProtocol, "_start_asgi_task", begun)
    return made


@pytest.fixture(scope="module")
def school(cluster: Cluster) -> Iterator[School]:
    """A school and its API, for the tests of a module that change nothing in it."""
    with cluster.prepared(People) as (database, people), school_of(database, people) as school:
        yield school


@pytest.fixture
def own_school(cluster: Cluster) -> Iterator[School]:
    """A school and its API of this test alone."""
    with cluster.prepared(People) as (database, people), school_of(database, people) as school:
        yield school


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    """The world of one test."""
    with (
        cluster.prepared(Programs) as (database, people),
        school_of(database, people) as school,
        database.connect() as db,
    ):
        yield World(school, db, *people.programs)


@pytest.fixture(scope="module")
def live_school(cluster: Cluster) -> Iterator[School]:
    """A school whose API's streams are lively; each test of a module makes people of its own."""
    with (
        cluster.prepared(People) as (database, people),
        school_of(database, people, streams_per_person=3, **LIVELY) as school,
    ):
        yield school
