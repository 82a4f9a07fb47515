"""Runs each SQL file of this folder as a pgTAP test, on every version, each assertion reported by itself."""

from pathlib import Path

import pytest
from pytest_pgtap.pgtap import Runner
from pytest_pgtap.plugin.core import report_tap

from tests.support.servers import Cluster

FILES = sorted(Path(__file__).parent.glob("*.sql"))


# pytest-pgtap makes pytest's subtests by hand.
@pytest.mark.filterwarnings("ignore:A private pytest class:pytest.PytestDeprecationWarning")
@pytest.mark.every
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file(request: pytest.FixtureRequest, cluster: Cluster, file: Path) -> None:
    """The file finds pgTAP's functions by name, and may leave the session and the database as it likes."""
    with (
        cluster.database(cluster.tap_template) as database,
        database.connect(options="-c search_path=tap") as connection,
    ):
        lines = Runner(connection).run(file.read_bytes())
    report_tap(request.node, lines, file.name)
