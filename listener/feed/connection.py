"""The connection that listens: one per process, outside the pool, made again whenever it is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db.session import NOT_CURRENT
from listener.worker import LIVELY

log = structlog.get_logger(__name__)

BACKOFF_SECONDS = (0.05, 5.0)
"""First and longest pause between attempts to connect."""
ANSWER_SECONDS = 10.0
"""A statement that takes longer has met a server that is gone without a word."""


class Listening:
    """A connection that listens."""

    def __init__(self, opened: psycopg.AsyncConnection[Any]) -> None:
        self._opened = opened
        self.proven = False
        """It was of use, so that the next attempt to connect need not wait for long."""

    async def ask(self, statement: str, *parameters: object) -> Any:
        """The one value that a statement answers. Raises psycopg.Error and TimeoutError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            cursor = await self._opened.execute(statement.encode(), parameters, prepare=True)
            row = await cursor.fetchone()
        return None if row is None else row[0]

    async def notified(self, seconds: float) -> bool:
        """Wait so long for a notification, or take one that came with an answer; whether there was one."""
        found = False
        async for _ in self._opened.notifies(timeout=seconds, stop_after=1):
            found = True
        return found


async def listen(conninfo: str, channel: str, use: Callable[[Listening], Awaitable[None]]) -> NoReturn:
    """Connect, listen, then use the connection until it is lost, again and again.

    use: works on until it raises; LISTEN was before it, so that what it reads first misses nothing later.
    Whatever it raises is logged: nothing but cancelling ends this.
    """
    complete = make_conninfo(
        "", **{**LIVELY, **conninfo_to_dict(conninfo), "application_name": "homeroom feed"}
    )
    pause, trouble = BACKOFF_SECONDS[0], ""
    while True:
        listening = None
        try:
            async with await psycopg.AsyncConnection.connect(complete, autocommit=True) as opened:
                await opened.execute(f"listen {channel}".encode())
                listening = Listening(opened)
                await use(listening)
        except Exception as error:
            if listening is not None and listening.proven:
                pause, trouble = BACKOFF_SECONDS[0], ""
            reason = _reason(error)
            if reason != trouble:  # said once, not at every attempt
                trouble = reason
                foreseen = isinstance(error, (psycopg.Error, OSError))
                log.warning("feed disconnected", reason=reason, exc_info=None if foreseen else error)
        await asyncio.sleep(pause * random.uniform(0.5, 1))
        pause = min(pause * 2, BACKOFF_SECONDS[1])


def _reason(error: Exception) -> str:
    if isinstance(error, (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction)):
        return NOT_CURRENT
    return str(error).strip() or type(error).__name__
