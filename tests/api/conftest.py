"""Fixtures of the API's tests."""

from collections.abc import Iterator

import pytest

from tests.api.student import Programs, World
from tests.api.support import People, School, school_of
from tests.support.servers import Cluster

# Signs of life come soon, so that no test waits long for one; a busy machine has time to answer.
LIVELY = {"stream_heartbeat_seconds": 0.1, "stream_ping_seconds": 1.0, "stream_slow_seconds": 0.5}


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
