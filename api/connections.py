"""Room for connections, each of which takes one of the descriptors of a process; and who finds none."""

from __future__ import annotations

import asyncio
import math
import resource
import time
from array import array
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import ClassVar

import structlog

log = structlog.get_logger(__name__)

RESERVED = 256
"""Descriptors for everything else but the database's pool: files, the feed, the server's own."""
LINGER_SECONDS = 0.5
"""For so long what a client sends is taken that has been turned away: closing at once, with that unread,
would take the answer from it."""
LINGERING = 64
"""So many do at most; others are dropped without a word."""
SAY_SECONDS = 60.0
"""The log says so often at most that there is no room: a line each would have a flood fill it."""


class TurnedAway(asyncio.Protocol):
    """A connection too many: told so, then closed. What comes on it is not looked at."""

    there: ClassVar[set[asyncio.Transport]] = set()
    _number: ClassVar[int] = 0
    """Turned away since the log said so."""
    _said_at: ClassVar[float] = -math.inf

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

    @classmethod
    def count(cls, connections: int) -> None:
        """Count one, told or dropped; connections: as many as are there."""
        cls._number += 1
        now = time.monotonic()
        if now - cls._said_at >= SAY_SECONDS:
            log.warning("no room for more connections", connections=connections, turned_away=cls._number)
            cls._said_at, cls._number = now, 0

    def eof_received(self) -> bool:
        """Close: the client has heard it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._end.cancel()
        self.there.discard(self._transport)


def room_for(connections: int, pool: int) -> int:
    """Have the operating system allow so many clients' connections; how many it does.

    pool: connections to the database, whose descriptors are to be left however many clients come. The soft
    limit is raised, up to the hard one, which is the operator's: where that is too low, the log says so.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    others = pool + RESERVED
    wanted = connections + others
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    room = max(1, allowed - others)
    if room < connections:
        log.warning("fewer connections than DASHBOARD_CONNECTIONS", connections=room, descriptors=hard)
    return room


def unread(transport: asyncio.Transport) -> int:
    """How many bytes the client has yet to take; 0: the kernel has all of them."""
    waiting = transport.get_write_buffer_size()
    if waiting:
        # The kernel has megabytes before it asks for more: of a slow reader only its own count moves.
        count = array("i", [0])
        with suppress(OSError):
            ioctl(transport.get_extra_info("socket").fileno(), TIOCOUTQ, count)
        waiting += count[0]
    return waiting
