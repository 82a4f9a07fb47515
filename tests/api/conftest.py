"""Fixtures of the API's tests."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from tests.api.support import School, serving, settings_for
from tests.support.servers import Cluster, Database

# Signs of life come at once, so that no test waits for one.
LIVELY = {"stream_heartbeat_seconds": 0.1, "stream_ping_seconds": 0.1, "stream_slow_seconds": 0.1}


@pytest.fixture(scope="module")
def school(cluster: Cluster, template: str) -> Iterator[School]:
    """A school and its API, for the tests of a module that change nothing in it."""
    with cluster.database(template) as database, serving(create_app(settings_for(database))) as client:
        yield School(database, client)


@pytest.fixture
def own_school(database: Database) -> Iterator[School]:
    """A school and its API of this test alone."""
    with serving(create_app(settings_for(database))) as client:
        yield School(database, client)


@pytest.fixture(scope="module")
def live_school(cluster: Cluster, template: str) -> Iterator[School]:
    """A school whose API's streams are lively; each test of a module makes people of its own."""
    with (
        cluster.database(template) as database,
        serving(create_app(settings_for(database, streams_per_person=3, **LIVELY))) as client,
    ):
        yield School(database, client)
