"""A connection to PostgreSQL and the calls that it is busy with, straight over libpq, driven by its socket.

Brief calls may follow each other down one connection, each sent before the one ahead is answered (libpq's
pipeline mode, a transaction each). Waking a process costs about as much as what a cached read does in it: a
server process that finds the next call there already does not sleep in between.

Behind a pooler in transaction mode the server process is another one from transaction to transaction. Nothing
is prepared there, nothing is set for longer than a transaction, and calls follow each other for so long only:
the pooler has to keep a connection's server until all that was sent is answered, and others wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from psycopg import pq

log = structlog.get_logger(__name__)

CONNECTION_LOST = "08006"

DEPTH = 32
"""How many brief calls one connection may have on the way."""
KEPT = "select k.document, k.tags, k.seconds from (select (a.a).* from ({call} as a offset 0) as a) as k"
"""How the columns of a composite are had that is computed once."""
STALLED_SECONDS = 0.005
"""Nobody is sent after a call that takes longer."""

OK = pq.ConnStatus.OK
COMMAND_OK, TUPLES_OK, SYNC = pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.PIPELINE_SYNC


class DatabaseError(Exception):
    """The call failed. What PostgreSQL said, or why it could not be asked.

    sqlstate: PostgreSQL's or a documented HRnnn; detail and hint are None where there are none.
    """

    def __init__(
        self, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint


class Function:
    """A function of the SQL schema `api`, as it is called.

    name: without the schema. types: of its parameters, in order. It returns one json value. brief: as a rule
    it takes so little time that other calls may wait behind it. kept: it returns an api.cacheable, whose
    document may be kept as long as its tags and seconds say.
    """

    def __init__(self, name: str, *types: str, brief: bool = False, kept: bool = False) -> None:
        arguments = ", ".join(f"${number}::{kind}" for number, kind in enumerate(types, 1))
        self.name = name
        self.brief = brief
        self.statement = name.encode()
        self.kept = kept
        call = f"select api.{name}({arguments})"
        self.sql = (KEPT.format(call=call) if kept else call).encode()


class Call:
    """One call on its way: what to run, and the future that its caller awaits."""

    __slots__ = ("deadline", "function", "parameters", "result")

    def __init__(
        self,
        function: Function,
        parameters: list[bytes | None],
        result: asyncio.Future[Any],
        deadline: float,
    ) -> None:
        """deadline: until when it may wait for a connection."""
        self.function = function
        self.parameters = parameters
        self.result = result
        self.deadline = deadline

    def fail(self, error: DatabaseError) -> None:
        if not self.result.done():
            self.result.set_exception(error)


class Connection:
    """A connection and its calls, the one that the server is at first."""

    def __init__(
        self,
        opened: psycopg.AsyncConnection[Any],
        loop: asyncio.AbstractEventLoop,
        patience: float,
        on_ready: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
        limits: bytes | None = None,
    ) -> None:
        """opened: idle. patience: seconds after which a server that says nothing counts as dead.

        on_ready: what to call when a call is over; on_lost: once, when it is closed. limits: behind a pooler,
        the statement that each transaction begins with.
        """
        self._opened = opened  # psycopg warns of an open connection that nobody refers to
        self._pg = opened.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._fd = self._pg.socket
        self._loop = loop
        self._patience = patience
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._limits = limits
        self._run = 0
        """How many calls were sent since it was last idle."""
        self._prepared: set[bytes] = set()
        self._preparing = False
        self._calls: deque[Call] = deque()
        self._result: pq.abc.PGresult | None = None
        self._since = 0.0
        """When the server began with the first of the calls."""
        self._closed = False
        # Always on: the death of a server is noticed when it happens, not by the next request.
        loop.add_reader(self._fd, self._read)

    @property
    def idle(self) -> bool:
        """Whether it is open and has nothing to do."""
        return not self._calls and not self._closed

    def takes(self, function: Function) -> bool:
        """Whether a call of the function may be started."""
        if not self._calls:
            return not self._closed
        return (
            function.brief
            and (len(self._calls) if self._limits is None else self._run) < DEPTH
            # Who follows must not be the first of its statement: that one is prepared by itself.
            and (function.statement in self._prepared or self._limits is not None)
            and self._calls[-1].function.brief
            and not self._preparing
            and self._loop.time() < self._since + STALLED_SECONDS
        )

    def start(self, call: Call) -> None:
        """Run a call that the connection takes."""
        if not self._calls:
            self._since = self._loop.time()
            self._run = 0
        self._run += 1
        self._calls.append(call)
        try:
            self._preparing = self._limits is None and call.function.statement not in self._prepared
            if self._limits is not None:
                # Up to the Sync it is one transaction. A statement's clock starts with the statement.
                self._pg.send_query_params(self._limits, None)
                self._pg.send_query_params(call.function.sql, call.parameters)
            elif self._preparing:
                self._pg.send_prepare(call.function.statement, call.function.sql)
            else:
                self._pg.send_query_prepared(call.function.statement, call.parameters)
            self._pg.pipeline_sync()
            if self._pg.flush():
                self._loop.add_writer(self._fd, self._write)
        except psycopg.Error:
            self.close("connection lost")

    def check(self, now: float) -> None:
        """Find out what the event loop does not tell. Call this now and then; now: the loop's time."""
        self._read()  # of a socket that is in error, uvloop tells only once, even if there was more to read
        if self._calls and self._since + self._patience < now:
            log.error("database silent", function=self._calls[0].function.name)
            self.close("no answer")

    def close(self, reason: str) -> None:
        """Close the connection; the calls that it is busy with fail for this reason, or for the server's."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._pg.finish()
        calls, self._calls = self._calls, deque()
        if calls and self._result is not None:
            calls.popleft().fail(_error(self._result))
        for call in calls:
            call.fail(DatabaseError(CONNECTION_LOST, reason))
        self._on_lost(self)

    def _write(self) -> None:
        """Send more of large calls, as the socket takes it."""
        try:
            if not self._pg.flush():
                self._loop.remove_writer(self._fd)
        except psycopg.Error:
            self.close("connection lost")

    def _read(self) -> None:
        """Take what the server sends. Most of it answers calls; while idle, it may be the server's end."""
        try:
            self._pg.consume_input()
            while self._calls and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:  # between the results of a call and its end
                    if self._pg.status != OK:
                        break
                elif result.status == SYNC:
                    self._over()
                elif self._result is None or self._result.status in (COMMAND_OK, TUPLES_OK):
                    # After an answer the commit may fail yet; after an error come others, which say less.
                    self._result = result
        except psycopg.Error:
            self.close("connection lost")
            return
        if self._pg.status != OK:
            self.close("connection lost")

    def _over(self) -> None:
        """The server is done with what was sent: go on to the call itself, or hand its result over."""
        result, self._result = self._result, None
        call = self._calls.popleft()
        self._since = self._loop.time()
        preparing, self._preparing = self._preparing, False
        if result is None:
            call.fail(DatabaseError(CONNECTION_LOST, "no answer"))
        elif preparing and result.status == COMMAND_OK:
            self._prepared.add(call.function.statement)
            if not call.result.done():
                self.start(call)
                return
        elif result.status == TUPLES_OK:
            if not call.result.done():
                call.result.set_result(
                    _values(result) if call.function.kept else result.get_value(0, 0) or b"null"
                )
        else:
            call.fail(_error(result))
        self._on_ready(self)


def _values(result: pq.abc.PGresult) -> tuple[bytes, ...]:
    """The first row."""
    return tuple(result.get_value(0, column) or b"null" for column in range(result.nfields))


def _error(result: pq.abc.PGresult) -> DatabaseError:
    """What PostgreSQL said in an error message's fields."""

    def field(code: pq.DiagnosticField) -> str | None:
        value = result.error_field(code)
        return None if value is None else value.decode(errors="replace")

    return DatabaseError(
        field(pq.DiagnosticField.SQLSTATE) or CONNECTION_LOST,
        field(pq.DiagnosticField.MESSAGE_PRIMARY) or "no message",
        field(pq.DiagnosticField.MESSAGE_DETAIL),
        field(pq.DiagnosticField.MESSAGE_HINT),
    )
