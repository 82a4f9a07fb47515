"""What lies between a client and its connection: writing without waiting, writing with patience."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import Any

from listener.feed.messages import Message

STALLED = 6
"""How many times longer than it takes to be slow a client may take nothing until it is disconnected."""
BUFFERED_BYTES = 65_536
"""So much waits for a client at most: as much as the server's transport takes before it asks for a pause."""
SMALL_BYTES = 4096
"""What is shorter is written without asking what waits already."""

Send = Callable[[Message], Coroutine[Any, Any, None]]


class End(Enum):
    """Why a client is live no longer."""

    GONE = "gone"
    BEHIND = "behind"
    EXPIRED = "expired"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    SILENT = "silent"
    STOPPED = "stopped"
    MISBEHAVED = "misbehaved"


class Wire:
    """A client's connection. Whatever goes wrong with it is an OSError, or End.GONE."""

    __slots__ = ("_send", "_slow_seconds")

    def __init__(self, send: Send, slow_seconds: float) -> None:
        """send: ASGI's. slow_seconds: when a client counts as too slow."""
        self._send = send
        self._slow_seconds = slow_seconds

    def write(self, messages: Sequence[Message], *, divisible: bool = False) -> End | None:
        """Write without waiting. BEHIND, and nothing of the rest is sent: the client does not take more.

        divisible: these are several events, which a replay sends one after the other.

        `send` writes to the transport and returns, or it waits for the transport to have room: so it is
        stepped once, and given up if that does not end it.
        """
        size = sum(map(_size, messages))
        if size > SMALL_BYTES:
            waiting = self._waiting()
            # An event that is too long by itself would be as long in a replay.
            if waiting + size > BUFFERED_BYTES and (waiting or divisible):
                return End.BEHIND
        for message in messages:
            step = self._send(message)
            try:
                step.send(None)
            except StopIteration:
                continue
            except Exception:  # whatever the server says of a connection that it has closed
                return End.GONE
            step.close()
            return End.BEHIND
        return None

    async def patiently(self, message: Message) -> None:
        """Send, and wait for the client to take what came before; not for ever. Raises OSError."""
        try:
            async with asyncio.timeout(self._slow_seconds * STALLED):
                await self._hand(message)
        except TimeoutError:
            self._abort()
            raise ConnectionAbortedError from None

    async def quickly(self, message: Message) -> bool:
        """Send, unless what came before takes the client too long; whether it was sent. Raises OSError."""
        try:
            async with asyncio.timeout(self._slow_seconds):
                await self._hand(message)
        except TimeoutError:
            return False
        return True

    async def _hand(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            raise
        except Exception as error:  # of a connection that a malformed frame has ended, a RuntimeError
            raise ConnectionAbortedError from error

    def _abort(self) -> None:
        """Drop the connection, with what the client does not take."""
        with contextlib.suppress(AttributeError):  # not uvicorn
            self._send.__self__.transport.abort()  # type: ignore[attr-defined]

    def _waiting(self) -> int:
        """How many bytes the client has yet to take."""
        try:
            waiting: int = self._send.__self__.transport.get_write_buffer_size()  # type: ignore[attr-defined]
        except AttributeError:  # not uvicorn
            return 0
        return waiting


def _size(message: Message) -> int:
    return len(message.get("body") or message.get("text") or "")
