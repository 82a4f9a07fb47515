"""How the reader goes about what the database answers, and about a database that does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import psycopg
import pytest

from listener.feed import connection, reader
from listener.feed.hub import Hub
from listener.feed.reader import Reader
from tests.listener.support import until

Answer = str | Exception


def portion(end: int, *, more: bool = False) -> str:
    events = [{"org": 1, "id": end, "txid": str(end - 1), "kind": "note", "data": {}}] if more else []
    return json.dumps({"cursor": f"0.{end}:{end}:", "reset": False, "events": events, "more": more})


class Server:
    """A database whose answers to feed_read are these, one after the other; the last one for ever."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers
        self.reads: list[str] = []
        """From which cursors."""
        self.connections = 0
        self.begun = 4

    async def __aenter__(self) -> Self:
        self.connections += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def execute(self, statement: bytes, parameters: Any = (), prepare: bool = False) -> Server:
        await asyncio.sleep(0)
        self._said: Any = True
        if b"feed_cursor" in statement:
            self.begun += 1
            self._said = f"0.{self.begun}:{self.begun}:"
        elif b"feed_read" in statement:
            self.reads.append(parameters[0])
            answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            self._said = answer
        return self

    async def fetchone(self) -> tuple[Any]:
        return (self._said,)

    async def notifies(self, **_: object) -> AsyncIterator[None]:
        await asyncio.sleep(0.01)
        if self.begun < 0:
            yield None


class Nobody:
    """Keeps no answers."""

    def cursor(self) -> None:
        return None

    def pace(self, most: float) -> float:
        return most

    def heard(self, answer: str, began: float) -> None:
        pass


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Server, Reader]]:
    """Have a reader read these answers, so often, and then on for so long."""

    def run(answers: list[Answer], seconds: float, reads: int = 0) -> tuple[Server, Reader]:
        server = Server(answers)

        async def connect(*_: object, **__: object) -> Server:
            return server

        async def follow() -> Reader:
            read = Reader("", Hub(per_person=1, slow_seconds=1), 1, Nobody())
            read.start()
            while len(server.reads) < reads:
                await asyncio.sleep(0.01)
            await asyncio.sleep(seconds)
            connected = read.connected
            await read.stop()
            read.connected = connected
            return read

        monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
        return server, asyncio.run(follow())

    return run


def test_portions_are_read_at_once(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BUSY_SECONDS", 1000)
    monkeypatch.setattr(reader, "WITHOUT_SLOT_SECONDS", 1000)
    server, _ = run([portion(6, more=True), portion(7, more=True), portion(8)], 0.3, 3)
    assert server.reads == ["0.5:5:", "0.6:6:", "0.7:7:"]


def test_while_there_is_more_the_lag_grows(run: Any) -> None:
    _, behind = run([portion(6, more=True)], 0.3)
    assert behind.lag > 0.25
    assert behind.connected
    # It reads all the time: a busy machine may let it stand still once, but not each time.
    until(lambda: run([portion(6)], 0.3)[1].lag < 0.25)


@pytest.mark.parametrize(
    "failure", [psycopg.OperationalError("gone"), TimeoutError(), psycopg.errors.ProgramLimitExceeded()]
)
def test_a_read_that_fails_again_is_not_tried_for_ever(run: Any, failure: Exception) -> None:
    server, read = run([failure, failure, portion(9)], 0.5, 3)
    assert server.reads[:2] == ["0.5:5:"] * 2
    assert server.reads[2] == "0.6:6:", "the database's own, of then"
    assert read.connected


def test_a_database_that_ends_does_not_lose_the_cursor(run: Any) -> None:
    server, _ = run([psycopg.errors.AdminShutdown()] * 3 + [portion(9)], 0.0, 5)
    assert server.reads[:5] == ["0.5:5:"] * 4 + ["0.9:9:"]


def test_who_connects_in_vain_waits_longer_and_longer(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BACKOFF_SECONDS", (0.05, 5.0))
    server, read = run([psycopg.OperationalError("no")], 1.0)
    assert server.connections < 8
    assert not read.connected
    assert read.lag > 0.9
