"""Fixtures of the tests that look into the database."""

from collections.abc import Iterator

import pytest

from tests.support.dashboards import Rich, rich_school
from tests.support.servers import Cluster


@pytest.fixture
def rich(cluster: Cluster) -> Iterator[Rich]:
    """A rich school in a database of this test alone."""
    with cluster.prepared(rich_school) as (database, (org, names)):
        yield Rich(database, org, dict(names))
