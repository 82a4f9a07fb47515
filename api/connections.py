"""Room for connections, each of which takes one of the descriptors of a process; and who finds none."""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

import structlog

log = structlog.get_logger(__name__)

RESERVED = 256
"""Descriptors for everything else: the database, files, the server's own."""
LINGER_SECONDS = 0.5
"""For so long what a client sends is taken that has been turned away: closing at once, with that unread,
would take the answer from it."""
LINGERING = 64
"""So many do at most; others are dropped without a word."""


class TurnedAway(asyncio.Protocol):
    """A connection too many: told so, then closed. What comes on it is not looked at."""

    there: ClassVar[set[asyncio.Transport]] = set()

    def __init__(self, transport: asyncio.Transport) -> None:
        """To be called with `is_room()` alone, when the answer has been written."""
        self._transport = transport
        self.there.add(transport)
        transport.set_protocol(self)
        transport.write_eof()
        self._end = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)

    @classmethod
    def is_room(cls) -> bool:
        """Whether one more may linger."""
        return len(cls.there) < LINGERING

    def eof_received(self) -> bool:
        """Close: the client has heard it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._end.cancel()
        self.there.discard(self._transport)


def room_for(connections: int) -> int:
    """Have the operating system allow so many clients' connections; how many it does.

    The soft limit is raised, up to the hard one, which is the operator's: where that is too low, the log says
    so.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    room = max(1, allowed - RESERVED)
    if room < connections:
        log.warning("fewer connections than DASHBOARD_CONNECTIONS", connections=room, descriptors=hard)
    return room
