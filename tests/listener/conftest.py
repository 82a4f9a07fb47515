"""Fixtures of the worker's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.listener.dashboards import Session
from tests.support.servers import Database


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker's lines go."""
    return tmp_path / "worker.log"


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A superuser's session."""
    with database.connect() as session:
        yield session
