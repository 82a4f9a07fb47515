"""Answers made ahead: active people find their dashboards ready, though they were purged a moment ago."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
import structlog
from msgspec import Struct

from api.auth import Claims
from api.cache import Cache, Key
from api.database import Database, DatabaseError, Function
from api.endpoint import FRESH, JsonBytes
from api.headers import SecurityHeaders
from api.outgoing import finished
from api.routes import director, parent, student, teacher, tutor

log = structlog.get_logger(__name__)

ACTIVE = Function("cache_active", "bigint[]", "integer")
MOST = 2000
"""So many answers are made at one order, at most."""
AT_ONCE = 2
"""Calls under way: requests go first."""


class Page(Struct, frozen=True):
    """The answer that somebody of a role begins with."""

    path: str
    function: Function
    arguments: tuple[str, ...] = ()


SUMMARY = Page("/api/v1/director/dashboard/summary", director.SUMMARY)
PAGES = {
    "student": Page("/api/v1/student/dashboard", student.DASHBOARD, ("True", "True")),
    "parent": Page("/api/v1/parent/dashboard", parent.DASHBOARD),
    "teacher": Page("/api/v1/teacher/dashboard", teacher.DASHBOARD),
    "tutor": Page("/api/v1/tutor/dashboard", tutor.DASHBOARD),
    "director": SUMMARY,
    "admin": SUMMARY,
}
"""What is made ahead, by role."""


class Warmer:
    """Makes answers ahead, one order after the other."""

    def __init__(
        self, cache: Cache, database: Database, security: SecurityHeaders, cursor: Callable[[], str | None]
    ) -> None:
        """cursor: answers where the feed stands."""
        self._cache = cache
        self._database = database
        self._security = security
        self._cursor = cursor
        self._waiting: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def order(self, org: int) -> None:
        """Have the active people of an organization find their answers ready, as soon as may be.

        Of a cache that keeps nothing nobody would find them: none are made.
        """
        if not self._cache.keeps:
            return
        self._waiting.add(org)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Leave the rest."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while self._waiting:
            orgs, self._waiting = self._waiting, set()
            try:
                written = "{" + ",".join(map(str, sorted(orgs))) + "}"
                answer = await self._database.call(ACTIVE, written, str(MOST))
                people = msgspec.json.decode(answer, type=list[Claims])
                turns = asyncio.Semaphore(AT_ONCE)
                made = await asyncio.gather(*(self._make(person, turns) for person in people))
                log.info("answers made ahead", organizations=len(orgs), made=sum(made))
            except DatabaseError as error:
                log.warning("no answers made ahead", reason=str(error))
            except Exception as error:
                log.error("no answers made ahead", exc_info=error)

    async def _make(self, person: Claims, turns: asyncio.Semaphore) -> bool:
        """Make the answer that a person begins with, unless there is one; whether it was made."""
        page = PAGES.get(person.role)
        if page is None:
            return False
        key: Key = (f"{person.org}:{person.sub}", person.role, page.path, b"")
        async with turns:
            if self._cache.holds(key):
                return False
            fill = self._cache.begin(key, person.org, asked=False)
            claims = msgspec.json.encode(person).decode()
            cursor = self._cursor()
            try:
                body = fill.read(await self._database.read(page.function, claims, *page.arguments))
            except DatabaseError:  # whoever asks will be told
                return False
        answer = JsonBytes(body, FRESH, cursor=cursor)
        kept = self._cache.keep(fill, finished(self._security, 200, answer.head(), body, page.path))
        self._cache.counts["warmed"] += kept
        return kept
