"""Who is connected is told to the database: those who come at once, everybody from time to time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Coroutine
from uuid import uuid4

from listener.feed.client import Client
from listener.feed.hub import Hub
from listener.feed.messages import Message, Sse
from listener.feed.person import Person
from listener.feed.presence import Presence
from tests.listener.source import Source


async def _nothing(message: Message) -> None: ...


class Told:
    """What the database was told; it may be away."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.away = False

    async def __call__(self, people: str) -> None:
        self.calls.append([f"{p['org']} {p['role']} {p['person']}" for p in json.loads(people)])
        if self.away:
            raise OSError("away")


def _join(hub: Hub, role: str = "student") -> Client:
    person = Person(1, uuid4(), role, "{}", time.time() + 60)
    client = Client(hub, Source(), person, Sse(False), _nothing)
    hub.enter(client)
    return client


def _name(client: Client) -> str:
    return f"1 {client.person.role} {client.person.id}"


def _run(scenario: Callable[[Hub, Told], Coroutine[None, None, None]], every_seconds: float = 60) -> None:
    async def run() -> None:
        hub, told = Hub(per_person=9, slow_seconds=1), Told()
        task = asyncio.create_task(Presence(hub, told, every_seconds).run())
        await asyncio.wait_for(scenario(hub, told), 20)
        assert not task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())


async def _calls(told: Told, number: int) -> None:
    while len(told.calls) < number:
        await asyncio.sleep(0.01)


def test_many_who_come_at_once_are_one_call_and_the_next_another() -> None:
    async def scenario(hub: Hub, told: Told) -> None:
        await asyncio.sleep(0.5)
        assert told.calls == [], "nobody is connected: nothing is asked"
        first = [_join(hub) for _ in range(5)]
        await _calls(told, 1)
        teacher = _join(hub, "teacher")
        await _calls(told, 2)
        assert told.calls == [sorted(map(_name, first)), [_name(teacher)]]

    _run(scenario)


def test_everybody_who_is_still_there_is_told_again() -> None:
    async def scenario(hub: Hub, told: Told) -> None:
        one, two = _join(hub), _join(hub)
        await _calls(told, 1)
        hub.forget(one)
        await _calls(told, len(told.calls) + 2)
        assert told.calls[0] == sorted([_name(one), _name(two)])
        assert told.calls[-1] == [_name(two)]

    _run(scenario, every_seconds=0.2)


def test_a_database_that_is_away_is_told_later() -> None:
    async def scenario(hub: Hub, told: Told) -> None:
        told.away = True
        one = _join(hub)
        await _calls(told, 1)
        told.away = False
        two = _join(hub)
        await _calls(told, 2)
        assert told.calls == [[_name(one)], sorted([_name(one), _name(two)])]

    _run(scenario)
