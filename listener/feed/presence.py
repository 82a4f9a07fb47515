"""Who is connected, told to the database: the worker refreshes their dashboards first."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from listener.feed.hub import Hub
from listener.feed.person import Person

log = structlog.get_logger(__name__)

EVERY_SECONDS = 30.0
"""How often everybody is told again; the database believes it for twice as long."""
GATHER_SECONDS = 0.2
"""How long to let others come, when somebody has: many who connect at once are one call."""
AT_ONCE = 2_000
"""So many people one call tells at most."""

Key = tuple[int, str, str]
Tell = Callable[[str], Awaitable[object]]


class Presence:
    """Tells who has come as soon as somebody has, and everybody from time to time."""

    def __init__(self, hub: Hub, tell: Tell, every_seconds: float = EVERY_SECONDS) -> None:
        """tell: api.feed_present(), which takes JSON."""
        self._hub = hub
        self._tell = tell
        self._every_seconds = every_seconds
        self._told: set[Key] = set()

    async def run(self) -> None:
        """Until cancelled. A database that is away is told when the next one comes, or the next time."""
        due = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hub.arrived.wait(), max(0.0, due - time.monotonic()))
            await asyncio.sleep(GATHER_SECONDS)
            self._hub.arrived.clear()
            if time.monotonic() >= due:
                self._told = set()
                due = time.monotonic() + self._every_seconds
            try:
                await self._tell_new()
            except Exception as error:  # it costs others their turn, and nothing else
                log.warning("presence not told", error=str(error))

    async def _tell_new(self) -> None:
        connected = {_key(client.person) for client in self._hub.all()}
        new = sorted(connected - self._told)
        self._told &= connected
        for first in range(0, len(new), AT_ONCE):
            some = new[first : first + AT_ONCE]
            await self._tell(_written(some))
            self._told.update(some)


def _key(person: Person) -> Key:
    return person.org, person.role, str(person.id)


def _written(people: Iterable[Key]) -> str:
    return msgspec.json.encode(
        [{"org": org, "role": role, "person": person} for org, role, person in people]
    ).decode()
