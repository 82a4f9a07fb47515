"""Settings, by what becomes of requests."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.api.process import served, until
from tests.api.support import People, School, bearer, school_of, token
from tests.support.servers import Cluster

PATH = "/api/v1/student/performance"


@pytest.mark.parametrize(("enabled", "coding"), [(True, "gzip"), (False, None)])
def test_compression_enabled(school: School, enabled: bool, coding: str | None) -> None:
    with school_of(school.database, school, compression_enabled=enabled) as own:
        for path in ("/docs/swagger_style.css", "/docs/swagger_bundle.js"):
            answer = own.client.get(path, headers={"Accept-Encoding": "gzip"})
            assert answer.status_code == 200
            assert answer.headers.get("content-encoding") == coding


@pytest.mark.parametrize(("enabled", "statuses"), [(True, [200, 429, 429]), (False, [200, 200, 200])])
def test_rate_limit_enabled(school: School, enabled: bool, statuses: list[int]) -> None:
    with school_of(
        school.database, school, rate_limit_enabled=enabled, rate_limits=f"{PATH}=1", cache_enabled=enabled
    ) as own:
        answers = [own.get(PATH, own.ben, "student") for _ in range(3)]
    assert [answer.status_code for answer in answers] == statuses
    assert {"ratelimit-limit" in answer.headers for answer in answers} == {enabled}


@pytest.mark.parametrize(("seconds", "kept"), [(1, False), (300, True)])
def test_cache_ttl_default(school: School, seconds: int, kept: bool) -> None:
    # Neither the lease nor the limit's ends on the way, however busy the machine is.
    lasting = {"cache_lease_seconds": 60, "rate_limit_enabled": False}
    with school_of(school.database, school, cache_enabled=True, cache_ttl_default=seconds, **lasting) as own:
        headers = bearer(token(own.ada, own.org, "student"))

        def is_kept() -> bool:
            timing = own.client.get(PATH, headers=headers).headers["server-timing"]
            return timing.startswith("db;dur=0.0,")

        until(is_kept)
        time.sleep(1.2)
        assert is_kept() == kept


def test_request_timeout(cluster: Cluster, tmp_path: Path) -> None:
    with (
        cluster.prepared(People) as (database, _),
        served(database, tmp_path, REQUEST_TIMEOUT="1") as server,
    ):
        where = server.client.base_url.host, server.client.base_url.port or 0
        began = time.monotonic()
        with socket.create_connection(where) as slow:
            slow.settimeout(15)  # by default it would be 30
            slow.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n")
            assert b" 408 " in slow.recv(4096).split(b"\r\n")[0]
        assert time.monotonic() - began >= 0.5
