"""Who follows the feed, and what the database is asked about them."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from msgspec import Struct


class Refused(Exception):
    """The database does not let this person stream (any more). code: HR401 or HR403."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Expired(Refused):
    """The token is good no longer."""

    def __init__(self) -> None:
        super().__init__("HR401")


class Unavailable(Exception):
    """The database cannot say now."""


class Source(Protocol):
    """What is asked about a person. Claims and answers are JSON. All raise Refused and Unavailable."""

    async def topics(self, claims: str) -> bytes:
        """api.feed_topics()."""

    async def replay(self, claims: str, cursor: str | None, kinds: tuple[str, ...] | None) -> bytes:
        """api.feed_replay(): of these kinds, or of all but updates."""

    async def document(self, claims: str) -> bytes:
        """The role's dashboard, with its version where it has one; null where there is none."""


class Person(Struct, frozen=True):
    """Who asks, verified. claims: as JSON; expires: when the token does, in seconds since 1970."""

    org: int
    id: UUID
    role: str
    claims: str
    expires: float
