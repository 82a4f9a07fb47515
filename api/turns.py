"""Turns at something of which there is little: in order, and not all for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """So many at once, and of one and the same so many at most; the others of them wait among themselves."""

    def __init__(self, at_once: int, of_one: int) -> None:
        """at_once: of all together. of_one: of each."""
        self._all = asyncio.Semaphore(at_once)
        self._of_one = of_one
        self._own: dict[str, asyncio.Semaphore] = {}
        self._there: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it within the block."""
        own = self._own.setdefault(who, asyncio.Semaphore(self._of_one))
        self._there[who] = self._there.get(who, 0) + 1
        try:
            async with own, self._all:
                yield
        finally:
            self._there[who] -= 1
            if not self._there[who]:
                del self._there[who], self._own[who]
