"""What is written at every level, by us and by the libraries."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from api import logs, session
from api.settings import Level
from tests.api.process import served
from tests.api.support import SECRET, People, bearer, token
from tests.support.servers import Cluster


@pytest.fixture
def loggers() -> Iterator[None]:
    """What one test configures is taken back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    for name in logs.AT_LEAST:
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_no_level_writes_what_a_client_shows(cluster: Cluster, tmp_path: Path) -> None:
    with (
        cluster.prepared(People) as (database, people),
        served(database, tmp_path, LOG_LEVEL="DEBUG", DATABASE_POOL_SIZE="2") as server,
    ):
        value = token(people.teacher, people.org, "teacher")
        answer = server.client.post("/api/v1/session", headers=bearer(value))
        cookie = answer.cookies[session.SESSION]
        where = str(server.client.base_url).replace("http", "ws", 1)
        # By the query, by a header, by a cookie; each is heard out, and one says something.
        with connect(f"{where}/ws/dashboard/?token={value}", proxy=None) as by_query:
            by_query.send('{"type": "hidden-frame"}')
            assert by_query.recv(10)
        with connect(f"{where}/ws/dashboard/", proxy=None, additional_headers=bearer(value)) as by_header:
            assert by_header.recv(10)
        headers = {"Cookie": f"{session.SESSION}={cookie}"}
        with connect(
            f"{where}/ws/dashboard/",
            proxy=None,
            origin=Origin(str(server.client.base_url)),
            additional_headers=headers,
        ) as by_cookie:
            assert by_cookie.recv(10)
        text = server.log.read_text()
    assert "WebSocket" in text, "somebody has been heard"
    for hidden in (
        value,
        value.rpartition(".")[2],
        cookie,
        SECRET,
        "hidden-frame",
        answer.json()["csrf_token"],
    ):
        assert hidden not in text


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_whoever_is_never_quieter_than_that_is_as_quiet_as_all_else(level: Level) -> None:
    logs.configure(level)
    wanted = logging.getLevelNamesMapping()[level]
    for name, least in logs.AT_LEAST.items():
        assert logging.getLogger(name).getEffectiveLevel() == max(least, wanted)
