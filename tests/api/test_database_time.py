"""What a request waits for of the database is told as the database's: header, log, warning."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.visit import Visit, served, waiting
from tests.api.process import Server, until
from tests.api.process import served as serving
from tests.api.support import People, School, bearer, token
from tests.support import school
from tests.support.servers import Cluster, Database
from tests.support.streams import received, socket, sse

SLOW_MS = 50.0
OWN = "/api/v1/student/performance"
SESSION = "/api/v1/session"


class Slow:
    """A running API that may be made slow at one function."""

    def __init__(self, server: Server, database: Database, people: People) -> None:
        self.server, self.database, self.people = server, database, people

    def somebody(self) -> dict[str, str]:
        """A student who has never asked before, by token."""
        with self.database.connect() as db:
            return bearer(self.token(school.make_person(db, self.people.org, "student", name="New")))

    def token(self, person: UUID, role: str = "student") -> str:
        return token(person, self.people.org, role)

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Have each call of a function of schema api take so much longer."""
        with self.database.connect() as db:
            row = db.execute(
                "select pg_get_functiondef(oid), pg_get_function_arguments(oid), "
                "pg_get_function_result(oid), pronargs from pg_proc where oid = %s::regproc",
                (f"api.{name}",),
            ).fetchone()
            assert row is not None
            definition, arguments, result, count = row
            db.execute(definition.replace(f"FUNCTION api.{name}(", f"FUNCTION api.{name}_at_once("))
            passed = ", ".join(f"${number}" for number in range(1, count + 1))
            db.execute(
                f"create or replace function api.{name}({arguments}) returns {result} language plpgsql "
                f"as $$ begin perform pg_sleep({SLOW_MS / 1000}); "
                f"return api.{name}_at_once({passed}); end $$".encode()
            )
            try:
                yield
            finally:
                db.execute(definition)

    def line(self, event: str, request_id: str) -> dict[str, Any]:
        """What is logged of a request."""

        def found() -> list[dict[str, Any]]:
            lines = self.server.lines()
            return [each for each in lines if (each["event"], each.get("request_id")) == (event, request_id)]

        until(lambda: bool(found()))
        (line,) = found()
        return line


@pytest.fixture(scope="module")
def slow(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    with (
        cluster.prepared(People) as (database, people),
        serving(database, tmp_path_factory.mktemp("log"), SLOW_REQUEST_THRESHOLD="0.05") as server,
    ):
        yield Slow(server, database, people)


def read(slow: Slow, headers: dict[str, str]) -> httpx.Response:
    return slow.server.client.get(OWN, headers=slow.somebody() | headers)


def by_cookie(slow: Slow, headers: dict[str, str]) -> httpx.Response:
    """The first request that a browser makes with its session's cookie."""
    with httpx.Client(base_url=slow.server.client.base_url, trust_env=False, timeout=60) as browser:
        assert browser.post(SESSION, headers=slow.somebody()).status_code == 200
        return browser.get(SESSION, headers=headers)


def write(slow: Slow, headers: dict[str, str]) -> httpx.Response:
    return slow.server.client.delete(SESSION, headers=slow.somebody() | headers)


def get(path: str) -> Callable[[Slow, dict[str, str]], httpx.Response]:
    return lambda slow, headers: slow.server.client.get(path, headers=headers)


def stream(slow: Slow, headers: dict[str, str]) -> httpx.Response:
    """A stream's beginning."""
    with slow.server.client.stream(
        "GET", "/dashboard/stream", headers=slow.somebody() | headers, timeout=60
    ) as answer:
        return answer


CASES: dict[str, Callable[[Slow, dict[str, str]], httpx.Response]] = {
    "student_performance": read,
    "session_find": by_cookie,
    "rate_lease": read,
    "feed_stale": write,
    "health": get("/health/ready"),
    "metrics": get("/metrics"),
    "feed_replay": stream,
}


def test_a_sockets_beginning_counts_too(slow: Slow) -> None:
    headers = {"X-Request-ID": "slow-socket"}
    value = slow.token(slow.people.teacher, "teacher")
    with slow.at("feed_metrics"):
        with socket(
            slow.server.client.base_url, "/ws/dashboard/", value, additional_headers=headers
        ) as open_one:
            assert "metrics" in received(open_one)
        line = slow.line("request", "slow-socket")
    assert SLOW_MS <= line["database_ms"] <= line["ms"]


@pytest.mark.parametrize("name", CASES)
def test_the_databases_part_is_told_of_whatever_is_waited_for(slow: Slow, name: str) -> None:
    """In the header, the log and the warning; never more than the whole."""
    mine = f"slow-{name}"
    with slow.at(name):
        answer = CASES[name](slow, {"X-Request-ID": mine})
    timing = re.fullmatch(r"db;dur=([0-9.]+), total;dur=([0-9.]+)", answer.headers["server-timing"])
    assert timing is not None
    database, total = map(float, timing.groups())
    assert SLOW_MS <= database <= total + 0.1, "one is rounded to tenths"
    line = slow.line("request", mine)
    assert SLOW_MS <= line["database_ms"] <= line["ms"]
    assert abs(line["database_ms"] - database) <= 0.1
    warned = slow.line("slow request", mine)
    assert SLOW_MS <= warned["database_ms"] <= warned["ms"]


def test_each_request_is_charged_with_its_own_waiting_alone() -> None:
    async def pause() -> None:
        with waiting():
            await asyncio.sleep(0.01)

    async def request(visit: Visit) -> None:
        served.set(visit)
        began = perf_counter()
        await pause()
        # With another's besides it would be more than the whole.
        assert 0.009 < visit.database < perf_counter() - began

    async def scenario() -> None:
        first, second = Visit("1", {}, 0.0), Visit("2", {}, 0.0)
        await asyncio.gather(request(first), request(second), pause(), pause())

    asyncio.run(scenario())


def test_a_stream_that_goes_on_keeps_no_request_in_memory(live_school: School) -> None:
    def kept() -> bool:
        return any(isinstance(one, Visit) and one.id == "of-a-stream" for one in gc.get_objects())

    base, value = live_school.client.base_url, token(live_school.ada, live_school.org, "student")
    with (
        sse(base, "/dashboard/stream", value),  # for whom a lease was asked, by a task that is remembered
        sse(base, "/dashboard/stream", value, X_Request_ID="of-a-stream"),
    ):
        until(lambda: not kept())
