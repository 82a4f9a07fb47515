"""What many may ask for and nobody limits: made for all who wait, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

REST_SECONDS = 1.0
"""Longer nobody waits for the next round to begin."""


class Rounds:
    """Rounds of one piece of work. Nobody gets what was begun before it was asked for."""

    def __init__(self) -> None:
        self._running: asyncio.Task[bytes] | None = None
        self._next: asyncio.Task[bytes] | None = None
        self._rests_until = 0.0

    async def next(self, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """What the next round says. It begins at once, or once the last is over and has rested for as long
        as it took, or a second: however many ask, others get a share. Raises what the work does.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._begin(self._running, work))
        # Whoever leaves takes it away from nobody.
        return await asyncio.shield(self._next)

    async def _begin(self, before: asyncio.Task[bytes] | None, work: Callable[[], Awaitable[bytes]]) -> bytes:
        if before is not None:
            await asyncio.wait([before])
        await asyncio.sleep(self._rests_until - monotonic())
        self._running, self._next = self._next, None
        began = monotonic()
        try:
            return await work()
        finally:
            now = monotonic()
            self._rests_until = now + min(now - began, REST_SECONDS)
