"""The outermost layer: what every request meets before SQL and after it.

It stands ahead of routing, so that a kept answer costs little more than a bare server's: a request id, who asks,
how much that person may still ask, and the answer itself, written at once. Whatever is not kept goes on to the
application; what comes back from it is finished here too (see api.outgoing), in one way for all.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Mapping
from typing import Any

from litestar.types import ASGIApp, Receive, Send

from api.auth import credential
from api.desk import Desk
from api.errors import ApiError
from api.limits import address
from api.outgoing import Outgoing
from api.session import PREFIX, guard
from api.visit import DIRECT, HEAD, STREAM, VISIT, Visit, request_id

VISIBLE_ASCII = re.compile(rb"[\x21-\x7e]{1,128}")


class Edge:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        """app: the application proper."""
        self._app = app
        self._desk = desk
        # Unique without a random number per request: 64 random bits per process, then a count.
        self._prefix = secrets.token_hex(8)
        self._count = itertools.count(1)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            self._identify(dict(scope["headers"]))
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
        headers = dict(scope["headers"])
        visit = scope[VISIT] = Visit(self._identify(headers), headers)
        scope[DIRECT] = send
        desk = self._desk
        method = scope["method"]
        path = scope["path"]
        outgoing = Outgoing(desk, visit, scope, send)
        if method == "OPTIONS" and (granted := desk.preflight(headers)) is not None:
            await outgoing.whole(204, granted, b"")
            return
        try:
            await self._who(visit, scope)
            if (rule := desk.limits.rule(path)) is not None and method != "OPTIONS":
                who = address(_host(scope)) if visit.verified is None else visit.verified.who
                visit.quota = desk.limits.take(rule, who) or await desk.limits.lease(rule, who)
                if not visit.quota.allowed:
                    raise _too_many(visit.quota.limit, visit.quota.reset)
        except ApiError as error:
            await outgoing.refuse(error)
            return
        if method in ("GET", "HEAD"):
            if visit.verified is not None:
                # Both /path and /path/ are one.
                visit.key = (
                    visit.verified.who,
                    visit.verified.role,
                    path[:-1] if path[-1] == "/" else path,
                    scope["query_string"],
                )
                if (kept := desk.cache.find(visit.key)) is not None:
                    visit.hit = True
                    await outgoing.write(kept)
                    return
            if method == "HEAD":
                # The same answer as GET. The server keeps the body back: it goes by its own copy of the scope.
                scope = outgoing.scope = {**scope, "method": "GET", HEAD: True}
        await self._app(scope, receive, outgoing.send)
        outgoing.done()

    async def _who(self, visit: Visit, scope: Any) -> None:
        """Find out who asks. A credential that is not good is refused later, by what asks for one."""
        secure = scope["scheme"] == "https"
        try:
            if len(visit.headers) != len(scope["headers"]):
                _one(scope["headers"], b"authorization")
            given = credential(visit.headers, secure)
            if given is not None:
                visit.verified = self._desk.authenticator.known(given)
                if visit.verified is None:
                    visit.verified = await self._desk.authenticator.verified(given)
        except ApiError as error:
            visit.refused = error
            return
        if given is not None and given.startswith(PREFIX):
            guard(scope["method"], visit.headers, given, secure=secure)

    def _identify(self, headers: Mapping[bytes, bytes]) -> str:
        """The client's id if it is harmless in a header and a log, else a new one. For the logs, too."""
        given = headers.get(b"x-request-id", b"")
        taken = given.decode() if VISIBLE_ASCII.fullmatch(given) else f"{self._prefix}-{next(self._count):x}"
        request_id.set(taken)
        return taken


def _one(headers: list[tuple[bytes, bytes]], wanted: bytes) -> None:
    """Raise ApiError if there are several of one header: nobody knows which one is meant."""
    if sum(name == wanted for name, _ in headers) > 1:
        raise ApiError(
            "HR401", "There are several tokens.", {"WWW-Authenticate": 'Bearer error="invalid_request"'}
        )


def _host(scope: Any) -> str | None:
    """The client's address; None on a Unix socket."""
    client = scope.get("client")
    return client[0] if client else None


def _too_many(limit: int, reset: int) -> ApiError:
    detail = f"You may ask for this {limit} times an hour; in {reset} seconds there will be more."
    return ApiError("HR429", detail, {"Retry-After": str(reset)})
