"""The live feed in this process: its reader, its hub, and what both ask the database."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from api.auth import Claims
from api.database import Database, DatabaseError, Function
from api.settings import Settings
from api.visit import waiting
from listener.feed.hub import Hub
from listener.feed.metrics import Metrics
from listener.feed.person import Refused, Unavailable
from listener.feed.presence import Presence
from listener.feed.reader import Keeper, Reader

log = structlog.get_logger(__name__)

TOPICS = Function("feed_topics", "jsonb")
MAY_FOLLOW = Function("feed_may_follow", "jsonb", "uuid")
REPLAY = Function("feed_replay", "jsonb", "text", "text[]")
METRICS = Function("feed_metrics", "jsonb")
METRICS_OF = Function("feed_metrics_of", "jsonb")
PRESENT = Function("feed_present", "jsonb")
NEEDS_ESCAPE = re.compile(r'(["\\])')
ESCAPED = r"\\\1"
DOCUMENTS = {
    "student": Function("student_snapshot", "jsonb"),
    "parent": Function("dashboard_snapshot", "jsonb"),
    "teacher": Function("dashboard_snapshot", "jsonb"),
    "tutor": Function("dashboard_snapshot", "jsonb"),
    "director": Function("dashboard_snapshot", "jsonb"),
    "admin": Function("dashboard_snapshot", "jsonb"),
}
"""Of each role that has one, the dashboard that a stream begins with, and that comes with `reset`."""


BUSY_SECONDS, BUSY_TRIES = 0.1, 50
"""How long to wait for a dashboard that is being refreshed, and how often."""
LOCKED = "55P03"


def _is_locked(error: Unavailable) -> bool:
    """Whether it is for another session's work on the same row."""
    return isinstance(error.__cause__, DatabaseError) and error.__cause__.sqlstate == LOCKED


def array(texts: Sequence[str]) -> str:
    """PostgreSQL's literal of an array of texts, each quoted: null and braces are texts as well."""
    return "{" + ",".join(f'"{NEEDS_ESCAPE.sub(ESCAPED, text)}"' for text in texts) + "}"


class Asked:
    """What the feed asks the database about a person: a few calls at a time, so that requests are served."""

    def __init__(self, database: Database, at_once: int) -> None:
        """at_once: so many of the database's connections are for this at most."""
        self._database = database
        self._turns = asyncio.Semaphore(at_once)
        # Everybody waits for those whose rights have changed; they do not wait for those who connect.
        self._urgent = asyncio.Semaphore(at_once)

    async def topics(self, claims: str) -> bytes:
        """api.feed_topics()."""
        return await self._call(self._urgent, TOPICS, claims)

    async def may_follow(self, claims: str, person: UUID) -> bool:
        """api.feed_may_follow()."""
        return await self._call(self._turns, MAY_FOLLOW, claims, str(person)) == b"true"

    async def replay(self, claims: str, cursor: str | None, kinds: tuple[str, ...] | None) -> bytes:
        """api.feed_replay()."""
        return await self._call(self._turns, REPLAY, claims, cursor, array(kinds) if kinds else None)

    async def present(self, people: str) -> bytes:
        """api.feed_present()."""
        return await self._call(self._turns, PRESENT, people)

    async def document(self, claims: str) -> bytes:
        """The document of the person's role; null where there is none."""
        role = msgspec.json.decode(claims, type=Claims).role
        if role not in DOCUMENTS:
            return b"null"
        for _ in range(BUSY_TRIES):
            try:
                return await self._call(self._turns, DOCUMENTS[role], claims)
            except Unavailable as error:
                if not _is_locked(error):
                    raise
            await asyncio.sleep(BUSY_SECONDS)  # nobody else waits for that
        raise Unavailable

    async def metrics(self, claims: str) -> bytes:
        """api.feed_metrics()."""
        return await self._call(self._turns, METRICS, claims)

    async def metrics_of(self, scopes: str) -> bytes:
        """api.feed_metrics_of(). One at a time: it waits for nobody's turn."""
        return await self._now(METRICS_OF, scopes)

    async def _call(self, turns: asyncio.Semaphore, function: Function, *arguments: str | None) -> bytes:
        with waiting():
            async with turns:
                return await self._now(function, *arguments)

    async def _now(self, function: Function, *arguments: str | None) -> bytes:
        try:
            return await self._database.call(function, *arguments)
        except DatabaseError as error:
            if error.sqlstate in ("HR401", "HR403"):
                raise Refused(error.sqlstate) from error
            raise Unavailable from error


class Feed:
    """Reader and hub of an API process; they live as long as the application."""

    def __init__(self, settings: Settings, database: Database, keeper: Keeper) -> None:
        """database: asked about persons. The reader has a connection of its own. keeper: of kept answers."""
        self.hub = Hub(per_person=settings.streams_per_person, slow_seconds=settings.stream_slow_seconds)
        self.reader = Reader(settings.listen_conninfo(), self.hub, settings.feed_poll_seconds, keeper)
        self.asked = Asked(database, max(1, settings.database_pool_size // 4))
        self.metrics = Metrics(self.hub, self.asked.metrics_of)
        self.poll_seconds = settings.feed_poll_seconds
        self._settings = settings
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to read and to send signs of life. Waits for nothing: the database may be away."""
        self.reader.start()
        self._tasks = [
            asyncio.create_task(self._beat(self._settings.stream_heartbeat_seconds, pings=False)),
            asyncio.create_task(self._beat(self._settings.stream_ping_seconds, pings=True)),
            asyncio.create_task(self._tick(self._settings.metrics_seconds)),
            asyncio.create_task(Presence(self.hub, self.asked.present).run()),
        ]

    async def stop(self) -> None:
        """End. Streams have ended by now."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.reader.stop()

    async def _beat(self, seconds: float, *, pings: bool) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.hub.beat(pings)
            except Exception as error:  # signs of life never end
                log.error("heartbeat failed", exc_info=error)

    async def _tick(self, seconds: float) -> None:
        """Send metrics, as often as that. If it takes longer, the next come later; if it fails, then."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            try:
                await self.metrics.tick()
            except Unavailable as error:
                log.warning("metrics left out", reason=str(error.__cause__))
            except Exception as error:  # neither do metrics
                log.error("metrics failed", exc_info=error)
