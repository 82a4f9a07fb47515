"""What each process of the API tells the others, so that one answers for all: how it fares, in numbers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import secrets
from time import monotonic

import msgspec
import structlog
from msgspec import Struct

from api.cache import Cache
from api.database import Database, DatabaseError, Function
from api.feed import Feed
from api.limits import Limits, LimitStats
from api.traffic import Report, Traffic

log = structlog.get_logger(__name__)

REPORT = Function("process_report", "text", "jsonb")
GONE = Function("process_gone", "text")
EVERY_SECONDS = 5.0
STOP_SECONDS = 1.0
"""How long to try to say that the process ends."""


class FeedStats(Struct):
    """How the feed of a process fares."""

    lag: float
    connected: bool
    clients: dict[str, int]
    """Open streams by kind."""
    counts: dict[str, int]
    """Events read and delivered, and why clients were cut off."""


class Stats(Struct):
    """All numbers of a process."""

    traffic: Report
    cache: dict[str, int]
    feed: FeedStats
    pool: dict[str, int]
    limits: LimitStats


class Process(Struct):
    """A process that runs, and what it told last."""

    name: str
    stats: Stats


class Reporter:
    """Tells this process's numbers every few seconds."""

    def __init__(
        self, database: Database, *, traffic: Traffic, cache: Cache, feed: Feed, limits: Limits
    ) -> None:
        """What the numbers are of."""
        self._database = database
        self._traffic = traffic
        self._cache = cache
        self._feed = feed
        self._limits = limits
        # Host and process id are for people; containers often share both.
        self.name = f"{platform.node()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. A database that is away is told later."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Say that this process ends. The database must be open yet."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError, DatabaseError):  # then it is missed after a while
            await asyncio.wait_for(self._database.call(GONE, self.name), STOP_SECONDS)

    def here(self) -> Process:
        """This process as it is now."""
        return Process(self.name, self._stats())

    async def processes(self) -> list[Process]:
        """All processes that run: this one as it is now, the others as they were seconds ago.

        Raises DatabaseError.
        """
        stats = msgspec.json.encode(self._stats()).decode()
        answer = await self._database.call(REPORT, self.name, stats)
        return msgspec.json.decode(answer, type=list[Process])

    def _stats(self) -> Stats:
        hub, reader = self._feed.hub, self._feed.reader
        return Stats(
            traffic=self._traffic.report(monotonic()),
            cache=self._cache.stats(),
            feed=FeedStats(reader.lag, reader.connected, dict(hub.connected()), dict(hub.counts)),
            pool=self._database.stats(),
            limits=self._limits.stats(),
        )

    async def _run(self) -> None:
        while True:
            try:
                await self.processes()
            except DatabaseError as error:
                log.info("numbers not told", reason=str(error))
            except Exception as error:  # the next may be better
                log.error("numbers not told", exc_info=error)
            await asyncio.sleep(EVERY_SECONDS)
