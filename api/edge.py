"""The outermost layer: a request id for every request, HEAD for every GET, no token in a log."""

from __future__ import annotations

import itertools
import re
import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # slow to load, and the worker, whose log comes by here, needs no web framework
    from litestar.types import ASGIApp, Message, Receive, Send

request_id: ContextVar[str] = ContextVar("request_id")
"""The id of the request that is being served; every log line gets it from here."""

DIRECT = "homeroom.direct"
"""Where a scope has the server's own `send`: one that streams needs nothing between."""
STREAM = "homeroom.stream"
"""Where a scope has a stream that has begun, to go on when all layers below are off the stack: they would
cost each of thousands of clients more memory than the stream itself."""
HEAD = "homeroom.head"
"""In the scope of a GET that was a HEAD."""

VISIBLE_ASCII = re.compile(rb"[\x21-\x7e]{1,128}")


class Edge:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp) -> None:
        """app: the application proper."""
        self._app = app
        # Unique without a random number per request: 64 random bits per process, then a count.
        self._prefix = secrets.token_hex(8)
        self._count = itertools.count(1)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            self._identify(scope)
            passed: Any = {**scope, DIRECT: send}
            scope["query_string"] = b""  # uvicorn logs it, and there may be a token in it
            scope = passed
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)
        if (stream := scope.get(STREAM)) is not None:
            await stream(scope, receive)

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a request; a stream no further than its beginning."""
        taken = self._identify(scope)
        scope[DIRECT] = send
        method = scope["method"]
        header = (b"x-request-id", taken.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if method == "OPTIONS" or message["status"] == 405:
                    headers = [
                        (name, _with_head(value) if name == b"allow" else value) for name, value in headers
                    ]
                message["headers"] = [*headers, header]
            await send(message)

        if method == "HEAD":
            # The same answer as GET. The server keeps the body back: it goes by its own copy of the scope.
            scope = {**scope, "method": "GET", HEAD: True}
        await self._app(scope, receive, send_with_id)

    def _identify(self, scope: Any) -> str:
        """The client's id if it is harmless in a header and a log, else a new one. For the logs, too."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        taken = given.decode() if VISIBLE_ASCII.fullmatch(given) else f"{self._prefix}-{next(self._count):x}"
        request_id.set(taken)
        return taken


def _with_head(allowed: bytes) -> bytes:
    """The value of an Allow header, with what this layer adds."""
    return allowed + b", HEAD" if b"GET" in allowed else allowed
