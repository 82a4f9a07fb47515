"""Ticks: each scope asked for once and told to its viewers, whatever becomes of the database or a client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import pytest

from listener.feed.client import Client
from listener.feed.hub import Hub
from listener.feed.messages import Message, Shape, Socket, Sse, read_batch
from listener.feed.metrics import SCOPES_AT_ONCE, Metrics
from listener.feed.person import Person, Unavailable
from tests.listener.source import Source

UNNAMED, NAMED, FLAT = Sse(False), Sse(True), Socket(False)


class Numbers:
    """What the database answers about scopes: how often it was asked, and whose turn it is."""

    def __init__(self) -> None:
        self.asked: list[list[dict[str, Any]]] = []
        self.fails = False
        self.held: Awaitable[object] | None = None

    async def __call__(self, scopes: str) -> bytes:
        self.asked.append(json.loads(scopes))
        if self.held is not None:
            await self.held
        if self.fails:
            raise Unavailable
        answer = [
            {"scope": scope, "metrics": {"pending_submissions": number, "timestamp": "now"}}
            for number, scope in enumerate(self.asked[-1])
        ]
        return json.dumps(answer[::-1]).encode()


class Connection:
    """A connection that takes everything, until it is stalled."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.stalled = False

    async def __call__(self, message: Message) -> None:
        if self.stalled:
            await asyncio.Event().wait()
        self.messages.append(message)

    @property
    def texts(self) -> list[str]:
        """What it was sent."""
        return [m["text"] if "text" in m else m["body"].decode() for m in self.messages]


class Viewers:
    """A hub whose clients hear what `source` says, and its metrics."""

    def __init__(self) -> None:
        self.hub = Hub(per_person=9, slow_seconds=60)
        self.hub.begin("0.5:5:")
        self.numbers = Numbers()
        self.metrics = Metrics(self.hub, self.numbers)
        self.source = Source()
        self.source.topics_heard = ["course:1"]

    async def join(
        self, role: str, shape: Shape = FLAT, *, org: int = 1, person: UUID | None = None, **others: Any
    ) -> tuple[Client, Connection]:
        connection = Connection()
        who = Person(org, person or uuid4(), role, "{}", time.time() + 60)
        client = Client(self.hub, self.source, who, shape, connection, **others)
        self.hub.enter(client)

        async def opening(cursor: str | None) -> None: ...

        await client.begin(opening)
        return client, connection


def test_nobody_is_asked_about_where_nobody_watches() -> None:
    async def run() -> None:
        viewers = Viewers()
        await viewers.metrics.tick()
        others = [(await viewers.join(role))[1] for role in ("student", "parent", "mentor", "service")]
        _, picky = await viewers.join("teacher", kinds=("grade",))
        await viewers.metrics.tick()
        assert viewers.numbers.asked == []
        assert all(connection.texts == [] for connection in [*others, picky])

    asyncio.run(run())


def test_each_scope_is_asked_for_once_and_told_to_its_own() -> None:
    async def run() -> None:
        viewers, teacher = Viewers(), uuid4()
        who = [
            await viewers.join("teacher", person=teacher),
            await viewers.join("teacher", UNNAMED, person=teacher),
            await viewers.join("tutor", person=teacher),
            await viewers.join("admin"),
            await viewers.join("admin", kinds=("metrics",)),
            await viewers.join("admin", org=2),
        ]
        for _ in range(2):  # unchanged numbers are a sign of life
            await viewers.metrics.tick()
        first, second = viewers.numbers.asked
        assert first == second
        assert [(scope["org"], scope["role"], scope["person"]) for scope in first] == [
            (1, "teacher", str(teacher)),
            (1, "tutor", str(teacher)),
            (1, "admin", None),
            (2, "admin", None),
        ]
        got = [connection.texts for _, connection in who]
        assert all(len(texts) == 2 and len(set(texts)) == 1 for texts in got)
        assert got[1][0].startswith("data: ") and got[1][0].endswith("\n\n")
        said = [json.loads(texts[0].removeprefix("data: ")) for texts in got]
        assert who[3][1].messages[0] is who[4][1].messages[0], "encoded once"
        numbers = [0, 0, 1, 2, 2, 3]
        assert said == [{"type": "metrics", "pending_submissions": n, "timestamp": "now"} for n in numbers]

    asyncio.run(run())


def test_a_named_stream_names_them() -> None:
    async def run() -> None:
        viewers = Viewers()
        _, connection = await viewers.join("admin", NAMED)
        await viewers.metrics.tick()
        assert connection.texts[0].startswith("event: metrics\ndata: ")

    asyncio.run(run())


def test_many_scopes_are_asked_for_in_portions() -> None:
    async def run() -> None:
        viewers = Viewers()
        joined = [await viewers.join("teacher") for _ in range(SCOPES_AT_ONCE + 5)]
        await viewers.metrics.tick()
        assert [len(scopes) for scopes in viewers.numbers.asked] == [SCOPES_AT_ONCE, 5]
        assert all(len(connection.texts) == 1 for _, connection in joined)

    asyncio.run(run())


def test_a_database_that_fails_costs_one_tick() -> None:
    async def run() -> None:
        viewers = Viewers()
        _, connection = await viewers.join("admin")
        viewers.numbers.fails = True
        with pytest.raises(Unavailable):
            await viewers.metrics.tick()
        viewers.numbers.fails = False
        await viewers.metrics.tick()
        assert len(connection.texts) == 1

    asyncio.run(run())


def test_a_slow_database_holds_no_event_up() -> None:
    async def run() -> None:
        viewers, gate = Viewers(), asyncio.Event()
        _, connection = await viewers.join("teacher")
        viewers.numbers.held = gate.wait()
        tick = asyncio.create_task(viewers.metrics.tick())
        await asyncio.sleep(0)
        event = {"org": 1, "id": 7, "txid": "7", "topics": ["course:1"], "kind": "note", "data": {}}
        batch = read_batch(json.dumps({"cursor": "0.9:9:", "reset": False, "events": [event]}))
        await asyncio.wait_for(viewers.hub.publish(batch), 10)
        gate.set()
        await tick
        assert [json.loads(text)["type"] for text in connection.texts] == ["note", "metrics"]

    asyncio.run(run())


def test_what_was_counted_under_other_rights_is_not_told() -> None:
    async def run() -> None:
        viewers, gate = Viewers(), asyncio.Event()
        changed, other = await viewers.join("teacher"), await viewers.join("teacher")
        gone, unread = await viewers.join("teacher")
        viewers.numbers.held = gate.wait()
        tick = asyncio.create_task(viewers.metrics.tick())
        await asyncio.sleep(0)
        viewers.source.topics_heard = []
        await viewers.hub._check(changed[0])
        viewers.hub.forget(gone)
        gate.set()
        await tick
        assert (len(changed[1].texts), len(other[1].texts)) == (0, 1)
        assert unread.texts == [], "it has left"
        viewers.numbers.held = None
        await viewers.metrics.tick()
        assert (len(changed[1].texts), len(other[1].texts)) == (1, 2)

    asyncio.run(run())


def test_a_client_that_takes_nothing_holds_nobody_up() -> None:
    async def run() -> None:
        viewers = Viewers()
        first, stalled, last = [await viewers.join("admin") for _ in range(3)]
        stalled[1].stalled = True
        await asyncio.wait_for(viewers.metrics.tick(), 10)
        assert len(first[1].texts) == len(last[1].texts) == 1
        assert stalled[0] not in viewers.hub.live()

    asyncio.run(run())
