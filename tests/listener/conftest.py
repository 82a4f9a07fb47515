"""Fixtures of the worker's tests."""

from pathlib import Path

import pytest


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker's lines go."""
    return tmp_path / "worker.log"
