"""WebSockets and the limits: a person may open so many, an address may fail so often; all are noted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.numbers import scrape
from tests.api.process import Server, served, until
from tests.api.support import People, School, school_of, token
from tests.support.servers import Cluster, Database
from tests.support.streams import PATIENCE, socket

LIMITS = {"rate_limits": "/dashboard/ws=3,/ws=3,/dashboard=50,anonymous=4"}
WELCOMING = "/ws/dashboard/"


@pytest.fixture
def school(cluster: Cluster) -> Iterator[School]:
    """A school whose people may open few WebSockets."""
    with cluster.prepared(People) as (database, people), school_of(database, people, **LIMITS) as found:
        yield found


def code(school: School, path: str, value: str | None) -> int:
    """With which code a WebSocket is closed; 101: it says something; 429: it was never open."""
    try:
        with socket(school.client.base_url, path, value) as connection:
            try:
                connection.recv(timeout=PATIENCE)
                return 101
            except ConnectionClosed:
                assert connection.close_code is not None
                return connection.close_code
    except InvalidStatus as error:
        return error.response.status_code


def test_a_person_may_open_so_many(school: School) -> None:
    teacher, admin = (
        token(person, school.org, role)
        for person, role in ((school.teacher, "teacher"), (school.admin, "admin"))
    )
    assert [code(school, WELCOMING, teacher) for _ in range(5)] == [101, 101, 101, 4429, 4429]
    assert code(school, "/ws//dashboard", teacher) == 4429, "the same, however it is written"
    assert code(school, WELCOMING, admin) == 101
    assert school.get("/dashboard/cache/stats", school.admin, "admin").status_code == 200
    mine = f"/dashboard/ws/{school.cleo}"
    tess = [code(school, mine, teacher) for _ in range(5)]
    assert tess == [4403] * 3 + [4429] * 2, "counted before the database is asked whom it is about"


def test_only_failures_count_for_an_address(school: School) -> None:
    bad = token(school.teacher, school.org, "teacher", key="another secret, as long as it has to be")
    good = {
        person: token(person, school.org, role)
        for person, role in ((school.teacher, "teacher"), (school.tutor, "tutor"), (school.admin, "admin"))
    }
    for value in good.values():  # more than the address may fail
        assert [code(school, WELCOMING, value) for _ in range(2)] == [101, 101]
    assert [code(school, WELCOMING, value) for value in (None, bad, "x", bad)] == [4401] * 4
    assert [code(school, WELCOMING, value) for value in (None, bad)] == [429, 429]
    with pytest.raises(InvalidStatus) as refused, socket(school.client.base_url, WELCOMING, None):
        pass
    headers = refused.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 3900 and headers["x-request-id"]
    assert [code(school, WELCOMING, value) for value in good.values()] == [101] * 3


def test_they_are_counted_and_logged(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    limits = {"RATE_LIMITS": "/ws=2,/dashboard/ws=9,anonymous=1"}
    with served(database, tmp_path, **limits) as server:
        school = School(database, server.client, people)
        teacher = token(school.teacher, school.org, "teacher")
        found = [code(school, WELCOMING, value) for value in (teacher, teacher, teacher, None, None)]
        assert found == [101, 101, 4429, 4401, 429]
        assert code(school, f"/dashboard/ws/{school.cleo}", teacher) == 4403
        name = "homeroom_requests_total"
        until(lambda: len(lines(server)) == 6)
        assert [line["status"] for line in lines(server)] == [101, 101, 429, 401, 429, 403]
        assert [line["person"] for line in lines(server)] == [
            *[str(school.teacher)] * 3, None, None, str(school.teacher),
        ]  # fmt: skip
        assert teacher not in server.log.read_text()
        numbers = scrape(server.client)
        assert numbers.of(name, route="/ws/dashboard", status="101", method="GET") == 2
        assert numbers.of(name, route="/ws/dashboard", status="429") == 2
        assert numbers.of(name, route="/ws/dashboard", status="401") == 1
        assert numbers.of(name, route="/dashboard/ws/{user_id}", status="403") == 1


def lines(server: Server) -> list[dict[str, Any]]:
    """What the request log says of WebSockets."""
    return [line for line in server.lines() if line["event"] == "request" and "ws" in line["route"]]
