"""What event streams share: of whom they are, how they begin and go on. Each kind is in its own module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import msgspec

from api.auth import Claims, Verified, bounded
from api.endpoint import Services
from api.errors import ApiError
from api.visit import STREAM
from listener.feed.client import Client
from listener.feed.messages import Message
from listener.feed.person import Person
from listener.feed.wire import End

READY_SECONDS = 5.0
"""How long a client may wait for the feed to be there, after a start without a database."""


def is_stream(path: str) -> bool:
    """Whether a path is that of an event stream, where the token may stand in the query."""
    return path.rstrip("/").endswith("/dashboard/stream")


def in_query(query: bytes) -> bytes | None:
    """The token in a query, if there is one. Raises ApiError for one that is none."""
    given = parse_qs(query.decode("latin-1")).get("token")
    return bounded(given[0].encode()) if given else None


def person(verified: Verified) -> Person:
    """Who asks, as the feed knows people."""
    claims = msgspec.json.decode(verified.claims, type=Claims)
    return Person(claims.org, claims.sub, claims.role, verified.claims, verified.expires)


async def enter(services: Services, client: Client) -> None:
    """Let a client in. Raises ApiError before the feed is there, and TooMany."""
    if not await services.feed.hub.ready(READY_SECONDS):
        raise ApiError("HR503", "The live feed is away.")
    services.feed.hub.enter(client)


class Live(ABC):
    """A stream that has begun, as the Edge goes on with it."""

    __slots__ = ("client",)

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, scope: Any, receive: Any) -> None:
        """Stream to the end."""
        # The server's own objects keep the scope as long as this lasts: what nobody needs any more goes.
        scope["headers"].clear()
        kept = {name: scope[name] for name in ("type", "method", STREAM) if name in scope}
        scope.clear()
        scope.update(kept)
        end = await self.client.serve(lambda: self.listen(receive))
        if end is End.GONE:
            return
        with suppress(OSError):
            if end is End.EXPIRED:
                await self.client.wire.patiently(self.client.shape.special("expired"))
            await self.client.wire.patiently(self.last(end))

    def stop(self) -> None:
        """End soon."""
        self.client.cut(End.STOPPED)

    @abstractmethod
    async def listen(self, receive: Any) -> None:
        """Take what the client says, until it has left."""

    @abstractmethod
    def last(self, end: End) -> Message:
        """What tells the client that this was all."""
