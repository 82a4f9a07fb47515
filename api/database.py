"""The call of one SQL function: a small pool of connections.

A request is one statement, so a pool needs no cursors, no transaction blocks, no resets between requests.
Without them one row by HTTP came 1.7 times as often as by psycopg's cursors and an equally lean pool, and 2.4
times as often as through psycopg_pool.

Brief calls are packed into few connections (see api.connection), so that a few server processes with warm
caches are always at work; all others have a connection to themselves.

One rule makes it safe: a connection is free when the server says that it is ready, not when a request ends.
A request that is cancelled or gives up leaves its connection to the same callbacks that serve every other
one. Nobody ever holds a connection, so none is forgotten, returned twice or left in an unknown state.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.connection import CONNECTION_LOST, Call, Connection, DatabaseError, Function

__all__ = ["Database", "DatabaseError", "Function"]

log = structlog.get_logger(__name__)

NOT_IN_TIME = "HR503"

WAIT_SECONDS = 5.0
"""How long a call may wait for a connection."""
QUEUE_PER_CONNECTION = 64
"""How many calls may wait, per connection. Beyond, a spike is refused at once rather than served too late."""
GRACE_SECONDS = 5.0
"""How long after its statement timeout a silent server counts as dead: a half-open socket says nothing."""
BACKOFF_SECONDS = (0.05, 5.0)
"""First and longest pause between attempts to connect."""
LIMITS = b"select set_config('statement_timeout', '%d', true), set_config('jit', 'off', true)"
"""What a transaction behind a pooler begins with: the server process knows nothing of ours."""


class Database:
    """A pool of connections. `await database.call(FUNCTION, …)` is all that the API knows of it."""

    def __init__(self, conninfo: str, *, size: int, statement_timeout: float, pooler: bool = False) -> None:
        """conninfo: for libpq. size: connections. statement_timeout: seconds. Opens nothing yet.

        pooler: what is connected to is one in transaction mode.
        """
        milliseconds = int(statement_timeout * 1000)
        parameters = {
            "application_name": "homeroom api",
            "client_encoding": "utf8",
            "connect_timeout": "5",
        }
        # Compiling a plan pays for statements of seconds, not for ours.
        if pooler:
            self._limits: bytes | None = LIMITS % milliseconds
        else:
            self._limits = None
            options = conninfo_to_dict(conninfo).get("options") or ""
            parameters["options"] = f"{options} -c statement_timeout={milliseconds} -c jit=off".strip()
        self._conninfo = make_conninfo(conninfo, **parameters)
        self._size = size
        self._patience = statement_timeout + GRACE_SECONDS
        self._all: set[Connection] = set()
        # Last in, first out: the connection used last has the warmest caches, and a few do most of the work.
        self._free: list[Connection] = []
        self._packed: Connection | None = None
        """Where brief calls go as long as it takes them."""
        self._waiting: deque[Call] = deque()
        self._away = False
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start connecting and wait for the end of the first attempt. A server that is away may come yet."""
        self._loop = asyncio.get_running_loop()
        first = asyncio.Event()
        self._tasks = [asyncio.create_task(self._keep_connected(first)), asyncio.create_task(self._watch())]
        await first.wait()

    async def close(self) -> None:
        """Close everything. Whoever still waits for an answer (no request does, by now) gets an error."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._away = True
        for connection in list(self._all):
            connection.close("the API stops")
        self._refuse_waiting("the API stops")

    def stats(self) -> dict[str, int]:
        """How it is used: connections that are open, those of them at work, calls that wait for one."""
        busy = sum(not connection.idle for connection in self._all)
        return {"size": self._size, "open": len(self._all), "busy": busy, "waiting": len(self._waiting)}

    def call(self, function: Function, *arguments: str | None) -> asyncio.Future[bytes]:
        """Call a function; its json comes back as the bytes that PostgreSQL wrote.

        arguments: one per parameter, in PostgreSQL's text form, None for null. Await the future; it raises
        DatabaseError. Cancelling it is safe at any time.
        """
        return self._begin(function, arguments)

    def read(self, function: Function, *arguments: str | None) -> asyncio.Future[tuple[bytes, bytes, bytes]]:
        """The same for a function whose document may be kept: the document, its tags, its seconds."""
        return self._begin(function, arguments)

    def _begin(self, function: Function, arguments: tuple[str | None, ...]) -> asyncio.Future[Any]:
        result: asyncio.Future[Any] = self._loop.create_future()
        try:
            parameters = [None if value is None else _text(value) for value in arguments]
        except ValueError as error:
            result.set_exception(DatabaseError("22021", str(error)))
            return result
        if not self._waiting and (connection := self._connection_for(function)) is not None:
            connection.start(Call(function, parameters, result, 0.0))
        elif self._away:
            result.set_exception(DatabaseError(CONNECTION_LOST, "the database is away"))
        elif len(self._waiting) >= self._size * QUEUE_PER_CONNECTION:
            result.set_exception(DatabaseError(NOT_IN_TIME, "too many calls wait for the database"))
        else:
            self._waiting.append(Call(function, parameters, result, self._loop.time() + WAIT_SECONDS))
        return result

    def _connection_for(self, function: Function) -> Connection | None:
        """The connection that is to run a call of the function now, if there is one."""
        packed = self._packed
        if function.brief and packed is not None and not packed.idle and packed.takes(function):
            return packed
        if not self._free:
            return None
        connection = self._free.pop()
        if function.brief:
            self._packed = connection
        return connection

    def _ready(self, connection: Connection) -> None:
        """A call is over: give the connection those that wait longest and that it takes; keep it if idle."""
        while self._waiting and connection.takes(self._waiting[0].function):
            call = self._waiting.popleft()
            if not call.result.done():
                connection.start(call)
        if connection.idle:
            self._free.append(connection)

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if connection is self._packed:
            self._packed = None
        self._wanted.set()

    async def _keep_connected(self, first: asyncio.Event) -> None:
        """Open one connection after the other while any is missing, with pauses while the server is away."""
        pause = BACKOFF_SECONDS[0]
        while True:
            if len(self._all) == self._size:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                opened = await psycopg.AsyncConnection.connect(self._conninfo)
            except (psycopg.Error, OSError) as error:
                if not self._all and not self._away:
                    log.error("database away", reason=str(error))
                    self._away = True
                    self._refuse_waiting("the database is away")
                first.set()
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 2, BACKOFF_SECONDS[1])
                continue
            if self._away:
                log.info("database back")
            self._away = False
            pause = BACKOFF_SECONDS[0]
            connection = Connection(opened, self._loop, self._patience, self._ready, self._lost, self._limits)
            self._all.add(connection)
            self._ready(connection)
            first.set()

    async def _watch(self) -> None:
        """Fail what has waited too long, and close connections whose server is gone or silent."""
        while True:
            await asyncio.sleep(0.25)
            now = self._loop.time()
            while self._waiting and (self._waiting[0].deadline < now or self._waiting[0].result.done()):
                self._waiting.popleft().fail(DatabaseError(NOT_IN_TIME, "no connection came free in time"))
            for connection in list(self._all):
                connection.check(now)

    def _refuse_waiting(self, reason: str) -> None:
        while self._waiting:
            self._waiting.popleft().fail(DatabaseError(CONNECTION_LOST, reason))


def _text(value: str) -> bytes:
    """A parameter as libpq takes it: UTF-8 that ends at the first NUL, so that there must not be one."""
    if "\0" in value:
        raise ValueError("a NUL character is no text")
    return value.encode()
