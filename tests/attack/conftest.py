"""Fixtures of the attacks: a school of every role, and `homeroom serve` on it as a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.process import Server, served
from tests.api.support import School
from tests.attack.siege import Siege
from tests.support.servers import Cluster

# The attacks are on what limits do not: those have tests of their own.
ENVIRONMENT = {
    "RATE_LIMIT_ENABLED": "false",
    "CACHE_ENABLED": "true",
    "STREAM_HEARTBEAT_SECONDS": "0.05",
    "METRICS_SECONDS": "0.05",
    "STREAMS_PER_PERSON": "1000",
}


class Besieged(School, Siege):
    """These people, a client, and the server's process."""

    server: Server
    heard = 0

    def complaints(self) -> list[dict[str, Any]]:
        """What the server's log says of defects and outages since this was asked last."""
        lines = self.server.lines()
        new, self.heard = lines[self.heard :], len(lines)
        return [line for line in new if line["level"] in ("error", "critical")]


@pytest.fixture(scope="session")
def newest(pytestconfig: pytest.Config, start_cluster: Callable[[int], Cluster]) -> Cluster:
    """A server of the newest version that this run is for: attacks come by HTTP, and once is enough."""
    return start_cluster(max(map(int, pytestconfig.getoption("--pg").split(","))))


@pytest.fixture(scope="module")
def siege(newest: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """A school and `homeroom serve` for the attacks of a module."""
    folder = tmp_path_factory.mktemp("siege")
    with newest.prepared(Siege) as (database, people), served(database, folder, **ENVIRONMENT) as server:
        school = Besieged(database, server.client, people)
        school.server = server
        yield school
