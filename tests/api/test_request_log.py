"""The request log: one line of JSON a request, and nothing in it that a client could use."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import uvloop

from api import logs, request_log
from api.auth import Verified
from api.request_log import RequestLog
from api.settings import Settings
from tests.api.process import Server, served, until
from tests.api.support import People, bearer, token
from tests.support.servers import Database

PATH = "/api/v1/student/performance"
FIELDS = {
    "event", "level", "logger", "timestamp", "method", "route", "status", "ms", "database_ms", "cached",
    "org", "person", "role", "request_id",
}  # fmt: skip
ADA = Verified("{}", 0, 0, 7, "an id", "student", "7:an id")


class Pipe:
    """Standard error, as pieces that were written at once."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.buffer = self

    def write(self, text: bytes | str) -> None:
        self.pieces.append(text if isinstance(text, bytes) else text.encode())

    def flush(self) -> None:
        """There is nothing to do."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in b"".join(self.pieces).splitlines()]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipe:
    found = Pipe()
    # Of these modules alone: pytest puts its own in the place of sys.stderr.
    monkeypatch.setattr(sys, "stderr", found)  # where logs.configure() finds it
    monkeypatch.setattr(request_log, "sys", SimpleNamespace(stderr=found))
    return found


@pytest.fixture
def configured(pipe: Pipe) -> Iterator[Pipe]:
    """The logs of a process, into this pipe."""
    before = logging.root.handlers[:], logging.root.level
    logs.configure("INFO")
    yield pipe
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


def write(log: RequestLog, **others: Any) -> None:
    facts: dict[str, Any] = {
        "method": "GET",
        "route": PATH,
        "status": 200,
        "seconds": 0.0125,
        "database": 0.004,
        "cached": True,
        "verified": ADA,
        "request_id": "an-id",
    }
    log.write(**facts | others)


def run(scenario: Callable[[], Any]) -> None:
    uvloop.run(scenario())


def test_a_request_is_a_line(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    with served(database, tmp_path) as server:
        value = token(people.ada, people.org, "student")

        def is_kept() -> bool:
            answer = server.client.get(
                f"{PATH}?token=hidden-token&who=hidden-query",
                headers=bearer(value) | {"X-Request-ID": "mine", "Cookie": "a=hidden-cookie"},
            )
            assert answer.status_code == 200
            return any(line["cached"] for line in requests(server))

        until(is_kept)
        parent = server.client.get(f"/api/v1/parent/students/{people.ben}/performance", headers=bearer(value))
        assert parent.status_code == 403
        assert server.client.get("/hidden/path").status_code == 404
        until(lambda: any(line["status"] == 404 for line in requests(server)))
        found = requests(server)
        first, second = found[0], next(line for line in found if line["cached"])
        (third,) = (line for line in found if line["status"] == 403)
        (fourth,) = (line for line in found if line["status"] == 404)
        assert set(first) == FIELDS
        known = {"org": people.org, "person": str(people.ada), "role": "student"}
        assert first | known | {"route": PATH, "method": "GET", "status": 200, "request_id": "mine"} == first
        assert 0 < first["database_ms"] <= first["ms"]
        assert (first["cached"], second["cached"], second["database_ms"]) == (False, True, 0)
        assert third["route"] == "/api/v1/parent/students/{student_id}/performance", "the template"
        assert third["status"] == 403 and third["person"] == str(people.ada)
        assert (fourth["status"], fourth["org"], fourth["person"], fourth["role"]) == (404, None, None, None)
        log = server.log.read_text()
        assert "hidden" not in log and value not in log


def requests(server: Server) -> list[dict[str, Any]]:
    """The lines of the test's own requests."""
    lines = server.lines()
    return [line for line in lines if line["event"] == "request" and line["route"] != "/health/live"]


def test_a_stop_loses_no_line(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path) as server:
        for number in range(20):
            server.client.get("/docs", headers={"X-Request-ID": f"number-{number}"})
        server.process.terminate()
        assert server.process.wait(60) == 0
        ids = [line.get("request_id") for line in server.lines()]
        assert [f"number-{number}" for number in range(20)] == [
            id for id in ids if str(id).startswith("number")
        ]


@pytest.mark.parametrize("others", [{"LOG_LEVEL": "WARNING"}, {"REQUEST_LOG": "false"}], ids=str)
def test_it_can_be_silenced_but_slow_requests_are_warned_of(
    database: Database, tmp_path: Path, others: dict[str, str]
) -> None:
    with served(database, tmp_path, SLOW_REQUEST_THRESHOLD="0.001", **others) as server:
        with database.connect() as db:
            db.execute(
                "create or replace function api.release() returns json language sql as "
                "'select to_json(pg_sleep(0.05)::text)'"
            )
        server.client.get("/health/ready?hidden=1", headers={"X-Request-ID": "slow-one"})

        def slow() -> list[dict[str, Any]]:
            lines = [line for line in server.lines() if line["event"] == "slow request"]
            return [line for line in lines if line["request_id"] == "slow-one"]

        until(lambda: bool(slow()))
        (line,) = slow()
        assert (line["level"], line["route"], line["method"]) == ("warning", "/health/ready", "GET")
        assert line["ms"] >= 50 and "database_ms" in line
        assert all(line["event"] != "request" for line in server.lines())
        assert "hidden" not in server.log.read_text()


@pytest.mark.parametrize(
    "value", ['a"b', "a\\", "a\nb", "a\r\n{}", "\u2028", "\x00\x1b[2J", '","status":500,"x":"']
)
def test_no_value_begins_a_line_or_a_field_of_its_own(pipe: Pipe, value: str) -> None:
    log = RequestLog(Settings())
    write(log, method=value, route=value, request_id=value)
    (line,) = pipe.lines()
    assert (line["method"], line["route"], line["request_id"], line["status"]) == (value, value, value, 200)
    assert b"".join(pipe.pieces).count(b"\n") == 1
    assert b"\x1b" not in b"".join(pipe.pieces)


def test_lines_are_written_together_and_soon(pipe: Pipe) -> None:
    async def scenario() -> None:
        log = RequestLog(Settings())
        log.start()
        for _ in range(3):
            write(log)
        assert pipe.pieces == []
        while not pipe.pieces:
            await asyncio.sleep(0.01)
        assert len(pipe.lines()) == 3 and len(pipe.pieces) == 1
        write(log)
        await log.stop()
        assert len(pipe.lines()) == 4
        write(log)
        assert len(pipe.lines()) == 5, "after a stop, each at once"

    run(scenario)


def test_pieces_are_whole_lines_that_a_pipe_takes_at_once(pipe: Pipe) -> None:
    async def scenario() -> None:
        log = RequestLog(Settings())
        log.start()
        written = 0
        while not pipe.pieces:
            write(log)
            written += 1
        assert request_log.FLUSH_BYTES <= sum(map(len, pipe.pieces)) < request_log.FLUSH_BYTES + 1000
        assert len(pipe.lines()) == written
        for piece in pipe.pieces:
            assert len(piece) <= request_log.PORTION and piece.endswith(b"\n")
        await log.stop()

    run(scenario)


def test_an_error_comes_after_the_requests_before_it(configured: Pipe) -> None:
    async def scenario() -> None:
        log = RequestLog(Settings())
        log.start()
        write(log, request_id="first")
        logging.getLogger("somebody").warning("no error")
        logging.getLogger("somebody").error("an error")
        assert [line["event"] for line in configured.lines()] == ["no error", "request", "an error"]
        await log.stop()
        assert log._flush_here not in logs.before_errors

    run(scenario)


def test_a_line_looks_like_all_others(configured: Pipe) -> None:
    write(RequestLog(Settings()))
    logging.getLogger("somebody").info("something")
    ours, theirs = configured.lines()
    shared = {"event", "level", "logger", "timestamp"}
    assert shared <= set(ours) and shared <= set(theirs)
    assert len(ours["timestamp"]) == len(theirs["timestamp"]) and ours["timestamp"] <= theirs["timestamp"]
    assert ours["level"] == theirs["level"] == "info"


def test_a_line_is_as_documented() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(request_log.Line)} | {"event"} == FIELDS
