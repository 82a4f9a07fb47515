"""The reader: it reads what was committed since its cursor, and sleeps when there is nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time

import structlog

from listener.feed.connection import Listening, listen
from listener.feed.hub import Hub
from listener.feed.messages import read_batch

log = structlog.get_logger(__name__)

CHANNEL = "feed"
SLOTS = 4
"""So many readers can sleep; the others look again and again."""
MOST = 10_000
"""More events than this at once are not delivered: everybody starts afresh."""
BUSY_SECONDS = 0.02
"""How long to let events gather, while they keep coming; whoever writes then need not wake us."""
WITHOUT_SLOT_SECONDS = 0.02
"""How long to wait before the next read, for a reader that cannot be woken."""


class Reader:
    """The one reader of a process. It feeds the hub, whatever happens to its connection."""

    def __init__(self, conninfo: str, hub: Hub, poll_seconds: float) -> None:
        """conninfo: of the API's login. poll_seconds: how long to sleep at most, were every wake lost."""
        self._conninfo = conninfo
        self._hub = hub
        self._poll_seconds = poll_seconds
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self.read_at = time.monotonic()
        """When the last read that was completed began."""

    def start(self) -> None:
        """Begin, now or as soon as the database is there."""
        self._task = asyncio.create_task(listen(self._conninfo, CHANNEL, self._follow))

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def lag(self) -> float:
        """For how many seconds what happens may have gone unseen."""
        return time.monotonic() - self.read_at

    async def _follow(self, connection: Listening) -> None:
        """Read on from where the last connection ended, or begin; until the connection is lost."""
        if self._hub.cursor is None:
            self._hub.begin(await connection.ask("select api.feed_cursor()"))
        self.connected = True
        slot = None
        try:
            while True:
                if await self._read(connection):
                    await self._wake(connection, slot)
                    slot = None
                    await asyncio.sleep(BUSY_SECONDS)
                elif slot is None:
                    # Nobody wakes a reader that is awake: having fallen asleep, it has to look once more.
                    if (slot := await self._sleep(connection)) is None:
                        await asyncio.sleep(WITHOUT_SLOT_SECONDS)
                else:
                    await connection.notified(self._poll_seconds)
        finally:
            self.connected = False

    async def _read(self, connection: Listening) -> bool:
        """Deliver what is new; whether there was anything."""
        began = time.monotonic()
        statement = "select api.feed_read(%s, %s)::text"
        batch = read_batch(await connection.ask(statement, self._hub.cursor, MOST))
        self.read_at = began
        if batch.reset or batch.cursor is None:
            log.warning("feed restarted", cursor=self._hub.cursor)
            self._hub.restart(await connection.ask("select api.feed_cursor()"))
            return True
        await self._hub.publish(batch)
        return bool(batch.events)

    @staticmethod
    async def _sleep(connection: Listening) -> int | None:
        """The first free slot, taken; None if there is none."""
        for slot in range(SLOTS):
            if await connection.ask("select api.feed_sleep(%s)", slot):
                return slot
        return None

    @staticmethod
    async def _wake(connection: Listening, slot: int | None) -> None:
        """Give the slot back."""
        if slot is not None:
            await connection.ask("select api.feed_awake(%s)", slot)
