"""The reader: it reads what was committed since its cursor, and sleeps when there is nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol

import psycopg
import structlog

from listener.feed.connection import Listening, listen
from listener.feed.hub import Hub
from listener.feed.messages import Batch, read_batch

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

RETRIES = 1
"""So often a read that failed is tried again from the same cursor: everybody waits meanwhile."""
SHUT_DOWN = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
)
"""Ways to lose a connection that say nothing about what it was reading."""


class Keeper(Protocol):
    """Who keeps answers in memory, and has to hear what has put them out of date."""

    def cursor(self) -> str | None:
        """Since when to ask; None: it knows nothing yet."""

    def pace(self, most: float) -> float:
        """After how many seconds it wants to hear again; at most so many."""

    def heard(self, answer: str, began: float) -> None:
        """Take what api.feed_stale() answered to the cursor.

        began: when it was asked, by time.monotonic().
        """


class Reader:
    """The one reader of a process. It feeds the hub and the keeper, whatever happens to its connection."""

    def __init__(self, conninfo: str, hub: Hub, poll_seconds: float, keeper: Keeper) -> None:
        """conninfo: of the API's login. poll_seconds: how long to sleep at most, were every wake lost."""
        self._conninfo = conninfo
        self._hub = hub
        self._keeper = keeper
        self._poll_seconds = poll_seconds
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self.read_at = time.monotonic()
        """When the last read that left nothing to read began."""
        self._failures = 0
        """How many reads from the same cursor have failed, one after the other."""
        self._stale_failed = False

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
                    await connection.notified(self._keeper.pace(self._poll_seconds))
        finally:
            self.connected = False

    async def _read(self, connection: Listening) -> bool:
        """Deliver what is new, portion by portion; whether there was anything."""
        anything = False
        while True:
            if self._failures > RETRIES:
                await self._restart(connection)
                anything = True
            began = time.monotonic()
            answer = await self._answer(connection)
            # Before clients are told: who hears of a change, and asks, must not get what was before it.
            await self._renew(connection)
            try:
                batch = read_batch(answer)
                if not batch.reset and batch.cursor is not None:
                    await self._publish(connection, batch)
            except Exception:  # it would fail as often as it is read, and some may have had their part of it
                self._failures = RETRIES + 1
                raise
            if batch.reset or batch.cursor is None:
                await self._restart(connection)
                return True
            self._failures = 0
            if not self.connected:
                log.info("feed connected")
            connection.proven = self.connected = True
            anything = anything or bool(batch.events)
            if not batch.more:
                self.read_at = began
                return anything

    async def _answer(self, connection: Listening) -> str:
        """What the database answers to the cursor. That it cannot is counted."""
        try:
            answer: str = await connection.ask("select api.feed_read(%s, %s)::text", self._hub.cursor, MOST)
        except SHUT_DOWN:
            raise
        except (psycopg.Error, OSError):
            self._failures += 1
            raise
        return answer

    async def _publish(self, connection: Listening, batch: Batch) -> None:
        """Deliver it. Many clients take a while, in which what is kept must not count as out of date."""
        if not batch.events:
            await self._hub.publish(batch)
            return
        publishing = asyncio.ensure_future(self._hub.publish(batch))
        try:
            while not (await asyncio.wait({publishing}, timeout=self._keeper.pace(self._poll_seconds)))[0]:
                await self._renew(connection)
        except asyncio.CancelledError:
            publishing.cancel()
            raise
        finally:
            if not publishing.cancelled():
                await publishing

    async def _renew(self, connection: Listening) -> None:
        """Tell the keeper what has changed. Where that fails, nothing is kept, and the feed goes on."""
        began = time.monotonic()
        try:
            answer = await connection.ask("select api.feed_stale(%s)", self._keeper.cursor())
            self._keeper.heard(answer, began)
        except (psycopg.OperationalError, OSError):
            raise
        except Exception as error:
            if not self._stale_failed:
                log.error("answers are not kept", exc_info=error)
            self._stale_failed = True
        else:
            self._stale_failed = False

    async def _restart(self, connection: Listening) -> None:
        """Go on from now, and have everybody start afresh."""
        log.warning("feed restarted", cursor=self._hub.cursor)
        self._hub.restart(await connection.ask("select api.feed_cursor()"))
        self._failures = 0

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
