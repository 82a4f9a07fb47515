"""How uvicorn speaks HTTP here: as it always does, but with bounds on what a client may take its time for.

It also writes a whole answer at once: what uvicorn does with each header of an ASGI message costs, with the
headers that answers have here, as much as all the rest of a kept answer.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.connections import TurnedAway, unread
from api.visit import STREAM, TRIED

HEAD_BYTES = 65_536
"""A request line with its headers may be as long as that; llhttp knows no bound."""
BODY_BYTES = 1_000_000
"""A body may be as long as that. What is sent of one, with whatever is between its chunks, may be twice as
much: its client gets to hear that it is too long."""
AFTER_BYTES = 65_536
"""So much may come of a body in chunks when its answer has been given: nobody knows how long it will be."""
LOOKS = 4
"""How often within `request_seconds` somebody looks after a connection."""
LINGER_SECONDS = 0.5
"""When the server stops, a connection that waits for its next request is closed after this: what the client
was about to send is answered yet."""
LOOK_SECONDS = 0.01
"""Or so much later, if its request has begun to come."""
MALFORMED, TOO_SLOW, TOO_MUCH, TOO_LONG, TOO_MANY = 400, 408, 413, 431, 503
WITHOUT_BODY = (204, 304)


class Closed(list[tuple[bytes, bytes]]):
    """A request's headers when they are complete: what comes after a body in chunks is none of them."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        """Pass over it: nobody wants it, and there may be no end of it."""


NOWHERE = Closed()

_common_of: list[tuple[bytes, bytes]] = []
_common_lines = b""


class Http(HttpToolsProtocol):
    """A connection."""

    request_seconds: ClassVar[float] = 30.0
    """How long a client may take to send a request, from its first byte to its last, and how long it may read
    nothing of what is written to it; REQUEST_TIMEOUT."""
    connections_at_once: ClassVar[int] = 16_384
    """So many clients may be connected, WebSockets among them; DASHBOARD_CONNECTIONS."""

    _since: float | None = None
    """Since when a request is being received."""
    _in_head = False
    _come = 0
    """Bytes that have come of a request that is not there as a whole."""
    _large = _too_long = False
    """Whether a head that ends in this packet may be too long, as the packet is or was not the first; whether
    it is."""
    _completed = False
    """Whether the packet that is being taken had the end of a request in it."""
    _serving: RequestResponseCycle | None = None
    """The request that is being answered, or was last; `cycle` is the one that came last."""
    _stopping = False
    _watch: asyncio.TimerHandle | None = None
    _unread = _unmoved = 0
    """Bytes that waited for the client at the last look; how many looks it has taken none of them for."""
    _looked_at: RequestResponseCycle | None = None
    """What was `_serving` then."""
    _at_once: Callable[[Any, Any], bool] | None = None
    """Of an application that can answer some requests without waiting for anything: Edge.at_once."""

    # Setting these up once per connection, and one comparison per packet, is all that the bounds cost.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin. Who says nothing is not waited for, either."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._at_once = getattr(self.app, "at_once", None)
        if len(self.connections) > self.connections_at_once:
            self._turn_away()
        else:
            self._look_again()

    def _turn_away(self) -> None:
        """Say that this is one too many: of those that the process may open, the database needs some."""
        self.connections.discard(self)
        TurnedAway.count(len(self.connections))
        if TurnedAway.is_room():
            self._say(TOO_MANY)
            TurnedAway(self.transport)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End. uvicorn tells only the request that came last, and that one may not have begun."""
        self._leave()
        if (serving := self._serving) is not None and not serving.response_complete:
            serving.disconnected = True
            serving.message_event.set()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        self._leave()
        self._unset_keepalive_if_required()  # the request before this one may have come in the same packet
        cycle: RequestResponseCycle | None = self.cycle
        # From here on nobody would look whether what was written is read, nor tell what is being answered yet
        # (a stream has no end of its own) that the client is gone or the server stops.
        if self.transport.get_write_buffer_size() or not (cycle is None or cycle.response_complete):
            self.transport.abort()
            return
        super().handle_websocket_upgrade()
        socket: Any = self.transport.get_protocol()
        if not socket.handshake_initiated:
            # websockets has refused what it read; uvicorn neither says so nor ever closes.
            self.transport.write(b"".join(socket.conn.data_to_send()))
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._since is None:
            self._since = self.loop.time()
        self._completed = False
        self._large = self._in_head or len(data) > HEAD_BYTES
        super().data_received(data)
        # Where a request begins in a packet nobody says; of one behind another, the next packets count.
        if self._since is not None and not self._completed:
            self._come += len(data)
            if self._come > HEAD_BYTES:
                self._bound()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not take, or was told not to."""
        self._say(TOO_LONG if self._too_long else MALFORMED)
        self._since = None  # what else has come with it is not looked at, nor refused once more
        self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._come = True, 0
        if self._since is None:  # it came with the one before it
            self._since = self.loop.time()
            self._unset_keepalive_if_required()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._in_head = False
        if self._large and self._length() > HEAD_BYTES:
            self._too_long = True
            raise ValueError("too long")  # ends the parser's work on the packet
        super().on_headers_complete()
        self.headers = Closed(self.headers) if self.parser.should_upgrade() else NOWHERE

    def on_message_complete(self) -> None:
        """It is there as a whole."""
        self._since, self._completed = None, True
        super().on_message_complete()
        cycle = self.cycle
        if cycle is not None and cycle.response_complete and self.timeout_keep_alive_task is None:
            # It was answered before it had come as a whole; what came then has stopped uvicorn's clock.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def shutdown(self) -> None:
        """Begin to stop: answer what is under way and what comes now; have streams end."""
        self._stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
            return
        super().shutdown()
        # uvicorn waits for responses in flight to end, and does not tell one that never does by itself.
        scope: Any = (self._serving or self.cycle).scope  # the client may have sent another behind it
        if (stream := scope.get(STREAM)) is not None:
            stream.stop()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Serve a request; with a task of its own only if somebody has to be waited for."""
        self._serving = cycle
        if self._stopping and not self.pipeline:
            cycle.keep_alive = False  # before it is answered, which may be at once
        # Of requests sent ahead only the last: each would begin within the end of the one before it.
        if self._at_once is not None and not self.pipeline and not cycle.flow.write_paused:
            try:
                if self._at_once(cycle.scope, cycle.send):
                    return
            except Exception as error:  # the parser that called would go on as if nothing had been
                self.logger.error("Exception in ASGI application", exc_info=error)
                if cycle.response_started:
                    self.transport.close()
                    return
            scope: Any = cycle.scope
            scope[TRIED] = True
        super()._start_asgi_task(cycle, app)

    def _close_if_idle(self) -> None:
        """Close, unless a request is on its way: under load the next one may be there, and not read yet."""
        if self.transport.is_closing() or not (self.cycle is None or self.cycle.response_complete):
            return
        if self._in_head or self._is_waiting():
            self.loop.call_later(LOOK_SECONDS, self._close_if_idle)
        else:
            self.transport.close()

    def _is_waiting(self) -> bool:
        """Whether something was received that nobody has read."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _look_again(self) -> None:
        """Drop who has not sent a request in time, or takes no answer; what is idle is uvicorn's to close."""
        now = self.loop.time()
        if self._takes_nothing():
            self.transport.abort()  # closing would wait for the client
            return
        if self._since is not None:
            if self.flow.read_paused:  # it is we who do not read on
                self._since = now
            elif now - self._since >= self.request_seconds:
                self._refuse(TOO_SLOW)
        self._watch = self.loop.call_later(self.request_seconds / LOOKS, self._look_again)

    def _bound(self) -> None:
        """Let no more come of a request than there may be of one."""
        cycle: RequestResponseCycle | None = self.cycle
        if self._in_head:
            self._refuse(TOO_LONG)
        elif cycle is None or not cycle.response_complete:
            if self._come > HEAD_BYTES + 2 * BODY_BYTES:
                self._refuse(TOO_MUCH)
        elif self._come > HEAD_BYTES + (AFTER_BYTES if _is_chunked(cycle) else 2 * BODY_BYTES):
            self._since = None
            self.transport.close()

    def _takes_nothing(self) -> bool:
        """Whether the client has read nothing for as long as it may, though there is something for it."""
        serving, before, self._looked_at = self._serving, self._looked_at, self._serving
        scope: Any = serving.scope if serving is not None and not serving.response_complete else {}
        waited, self._unread = self._unread, unread(self.transport)
        # More than before may be the next answer; a stream has its own patience.
        if 0 < waited <= self._unread and serving is before and STREAM not in scope:
            self._unmoved += 1
        else:
            self._unmoved = 0
        return self._unmoved >= LOOKS

    def _length(self) -> int:
        """Of the head that has come: its bytes, but those between them."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _say(self, status: int) -> None:
        """Answer what is no request yet."""
        bare = getattr(self.app, "bare", None)
        said = b"HTTP/1.1 %d \r\ncontent-length: 0\r\n" % status, b""
        head, body = said if bare is None else bare(status)
        end = b"connection: close\r\n\r\n"
        self.transport.write(head + _common(self.server_state.default_headers) + end + body)

    def _refuse(self, status: int) -> None:
        """Say so, unless an answer is on its way, and close. Whoever reads the body finds the client gone."""
        self._since, self._in_head = None, False
        cycle = self._serving
        busy = cycle is not None and not cycle.response_complete
        if not (busy and cycle is not None and cycle.response_started):
            self._say(status)
        if busy and cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()


def _is_chunked(cycle: RequestResponseCycle) -> bool:
    """Whether a request's body is in chunks."""
    return any(name == b"transfer-encoding" for name, _ in cycle.scope["headers"])


async def drained(send: Any) -> None:
    """Wait until the client has taken what was written to it. send: the server's own."""
    cycle: RequestResponseCycle = send.__self__
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()


def answer(send: Any, head: bytes, body: bytes) -> None:
    """Write a whole answer, the only one to its request, in one go.

    send: the server's own. head: status line and headers, each with its line's end; but those that the server
    adds to every answer. body: goes unless the request was a HEAD.
    """
    cycle: RequestResponseCycle = send.__self__
    if cycle.disconnected or cycle.response_started:
        return
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    common = _common(cycle.default_headers)
    end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    if cycle.scope["method"] == "HEAD":
        body = b""
    cycle.transport.write(b"".join((head, common, end, body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _common(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What the server adds to every answer. Its list is a new one once a second."""
    global _common_of, _common_lines
    if headers is not _common_of:
        _common_of, _common_lines = headers, b"".join(b"%b: %b\r\n" % header for header in headers)
    return _common_lines
