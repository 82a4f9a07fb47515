"""What the feed's reader hears for the response cache: what has changed, whose rights, what admins order."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from api.auth import Authenticator
from api.cache import Cache, about, everything, tagged

FORGOTTEN_SECONDS = 10.0
"""A cursor that is older is given up: marks of that time may have been cleared away."""


class Order(Struct):
    """What an admin, or the database's clock, wants of every process."""

    order: str
    org: int
    pattern: str | None = None
    person: str | None = None


class Stale(Struct):
    """What api.feed_stale() answers."""

    cursor: str
    flush: bool = False
    flush_orgs: list[int] = []
    tags: list[tuple[int, list[str]]] = []
    people: list[tuple[int, str]] = []
    orders: list[Order] = []


class Purge:
    """Purges one process' cache by what the database says."""

    def __init__(self, cache: Cache, authenticator: Authenticator, warm: Callable[[int], None]) -> None:
        """warm: called with an organization whose people are to find their answers ready."""
        self._cache = cache
        self._authenticator = authenticator
        self._warm = warm
        self._cursor: str | None = None
        self._asked = time.monotonic()

    def cursor(self) -> str | None:
        """Where to read on; None: nobody knows any more."""
        if time.monotonic() - self._asked > FORGOTTEN_SECONDS:
            self._cursor = None
        return self._cursor

    def pace(self, most: float) -> float:
        """How soon to read again, in seconds; at most so many."""
        return min(most, self._cache.lease_seconds / 3) if self._cache.is_wanted else most

    def heard(self, answer: str, began: float) -> None:
        """Purge by an answer to the cursor, and go on from there.

        began: when it was asked for, by time.monotonic(). Raises msgspec.MsgspecError.
        """
        stale = self._apply(answer)
        self._cursor, self._asked = stale.cursor, began
        self._cache.proves(began)
        for order in stale.orders:
            if order.order == "warm":
                self._warm(order.org)

    def caught_up(self, answer: str) -> None:
        """Purge by an answer that somebody else asked for, after a write: what it tells comes once more."""
        self._apply(answer)

    def lapse(self) -> None:
        """Nobody could say what a write has changed: serve nothing before the reader knows."""
        self._cache.lapse()

    def _apply(self, answer: str) -> Stale:
        stale = msgspec.json.decode(answer, type=Stale)
        if stale.flush:
            self._cache.flush()
        if stale.flush or stale.flush_orgs:
            self._authenticator.forget_all()  # who had rights then, or a session, may have none by now
        tags = [tagged(org, tag) for org, of_org in stale.tags for tag in of_org]
        tags += map(everything, stale.flush_orgs)
        for org, person in stale.people:
            self._authenticator.forget(org, person)
            tags.append(about(f"{org}:{person}"))
        if tags:
            self._cache.purge(tags)
        for order in stale.orders:
            if order.order == "invalidate":
                self._cache.invalidate(order.org, order.pattern, order.person)
        return stale
