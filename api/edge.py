"""The outermost layer: what every request meets before SQL and after it.

It stands ahead of routing, so that a kept answer costs little more than a bare server's: a request id, who
asks, how much that person may still ask, and the answer itself, written at once. Whatever is not kept goes on
to the application; what comes back from it is finished here too (see api.outgoing), in one way for all.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Mapping
from contextvars import copy_context
from time import perf_counter
from typing import Any

from litestar.types import ASGIApp, Receive, Send

from api.answer import Answer
from api.auth import Verified, by_name, credential
from api.cache import KEY_BYTES, Key
from api.desk import Desk
from api.errors import ApiError
from api.limits import Quota, Rule, caller, plain
from api.outgoing import UNROUTED, Outgoing, finished, note, refusal, write
from api.protocol import drained
from api.session import PREFIX, guard
from api.streams import in_query, is_stream
from api.visit import DIRECT, HEAD, QUOTA, STATUS, STREAM, TRIED, VISIT, Visit, request_id, served

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

    def at_once(self, scope: Any, send: Any) -> bool:
        """Answer without waiting for anything, if there is a kept answer that may be given; whether it was.

        The server calls this before it makes a task for the request, or __call__ does. What nobody could do
        without waiting is left to __call__, which begins anew, but for the quota that was taken.
        """
        method = scope["method"]
        raw = scope["headers"]
        headers = dict(raw)
        if (method != "GET" and method != "HEAD") or len(headers) != len(raw):
            return False
        began = perf_counter()
        desk = self._desk
        try:
            given = credential(headers, scope["scheme"] == "https")
        except ApiError:
            return False
        if given is None or (verified := desk.authenticator.known(given)) is None:
            return False
        path = scope["path"]
        kept = desk.cache.find(key_of(verified, path, scope["query_string"]))
        if kept is None:
            return False
        quota = None
        if (rule := desk.limits.rule(path)) is not None:
            quota = desk.limits.take(rule, verified.who)
            if quota is None or not quota.allowed:
                scope[QUOTA] = quota
                return False
        visit = Visit(self._identify(headers), headers, began)
        visit.verified, visit.quota = verified, quota
        self._give(kept, visit, scope, send)
        return True

    def bare(self, status: int) -> tuple[bytes, bytes]:
        """Head and body for what the server refuses before it is a request, or in the middle; it is noted.

        There is nothing of it to go by: no headers, no path.
        """
        return copy_context().run(self._bare, status)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            tried = scope.get(TRIED)
            if not tried:  # it was sent ahead, or the client has yet to read what it was told
                await drained(send)
            if tried or not self.at_once(scope, send):
                await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            scope = await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)
        if (stream := scope.get(STREAM)) is not None:
            served.set(None)  # it would be kept as long as the stream
            await stream(scope, receive)

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a request that needs more; a stream no further than its beginning."""
        headers = by_name(scope["headers"])
        visit = scope[VISIT] = Visit(self._identify(headers), headers, perf_counter())
        request_id.set(visit.id)
        served.set(visit)
        scope[DIRECT] = send
        desk = self._desk
        method = scope["method"]
        path = scope["path"]
        outgoing = Outgoing(desk, visit, scope, send)
        if method == "OPTIONS" and (granted := desk.preflight(headers)) is not None:
            await outgoing.whole(204, granted, b"")
            return
        rule = desk.limits.rule(path)
        try:
            await self._who(visit, scope)
            if rule is not None and method != "OPTIONS":
                visit.quota = scope.get(QUOTA) or await self._ask_for(rule, visit, scope)
                if not visit.quota.allowed:
                    raise _too_many(visit.quota)
        except ApiError as error:
            await outgoing.refuse(error, UNROUTED if rule is None else rule.name)
            return
        query = scope["query_string"]
        # Of what is longer nothing is kept, nor looked for.
        if visit.verified is not None and method in ("GET", "HEAD") and len(path) + len(query) <= KEY_BYTES:
            visit.key = key_of(visit.verified, path, query)
            # Who had to be verified, or counted, first.
            if (kept := desk.cache.find(visit.key)) is not None:
                self._give(kept, visit, scope, send)
                return
        if method in ("GET", "HEAD") and (page := desk.pages.get(plain(path))) is not None:
            await outgoing.give(page)
            return
        if method == "HEAD":
            # The same answer as GET. The server keeps the body back: it goes by its own scope.
            scope = outgoing.scope = {**scope, "method": "GET", HEAD: True}
        await self._app(scope, receive, outgoing.send)
        outgoing.done()

    async def _socket(self, scope: Any, receive: Receive, send: Send) -> Any:
        """Serve a WebSocket no further than its beginning, which is noted; its scope."""
        headers = by_name(scope["headers"])
        visit = Visit(self._identify(headers), headers, perf_counter())
        request_id.set(visit.id)
        served.set(visit)
        passed: Any = {**scope, DIRECT: send, VISIT: visit}
        scope["query_string"] = b""  # uvicorn logs it, and there may be a token in it
        await self._app(passed, receive, send)
        passed["method"] = "GET"  # as it was; routing must not see it
        route = passed.get("path_template")
        note(self._desk, visit, passed, passed.get(STATUS) or (500 if route else 404), route or UNROUTED)
        return passed

    def _give(self, kept: Answer, visit: Visit, scope: Any, send: Any) -> None:
        """Answer with what was kept."""
        self._desk.cache.counts["hits"] += 1
        visit.hit = True
        write(self._desk, visit, scope, send, kept)

    async def _ask_for(self, rule: Rule, visit: Visit, scope: Any) -> Quota:
        """One of the requests that the person, or the address, may make."""
        who = caller(scope) if visit.verified is None else visit.verified.who
        return await self._desk.limits.ask(rule, who)

    async def _who(self, visit: Visit, scope: Any) -> None:
        """Find out who asks. A credential that is not good is refused later, by what asks for one."""
        secure = scope["scheme"] == "https"
        try:
            if len(visit.headers) != len(scope["headers"]):
                _one(scope["headers"], b"authorization")
            given = None
            if is_stream(scope["path"]) and b"authorization" not in visit.headers:
                given = in_query(scope["query_string"])
            given = given or credential(visit.headers, secure)
            if given is not None:
                visit.verified = await self._desk.authenticator.verified(given, caller(scope))
        except ApiError as error:
            visit.refused = error
            return
        if given is not None and given.startswith(PREFIX):
            guard(scope["method"], visit.headers, given, secure=secure)

    def _bare(self, status: int) -> tuple[bytes, bytes]:
        visit = Visit(self._identify({}), {}, perf_counter())
        request_id.set(visit.id)  # of a context of its own
        _, pairs, body = refusal(ApiError(f"HR{status}"), UNROUTED, "")
        pairs.append((b"x-request-id", visit.id.encode()))
        made = finished(self._desk.security, status, pairs, body, UNROUTED)
        scope = {"method": UNROUTED, "path": "", "scheme": "http"}
        note(self._desk, visit, scope, status, UNROUTED)
        return made.form(None)

    def _identify(self, headers: Mapping[bytes, bytes]) -> str:
        """The client's id if it is harmless in a header and a log, else a new one."""
        given = headers.get(b"x-request-id")
        if given is not None and VISIBLE_ASCII.fullmatch(given):
            return given.decode()
        return f"{self._prefix}-{next(self._count):x}"


def _one(headers: list[tuple[bytes, bytes]], wanted: bytes) -> None:
    """Raise ApiError if there are several of one header: nobody knows which one is meant."""
    if sum(name == wanted for name, _ in headers) > 1:
        challenge = 'Bearer error="invalid_request"'
        raise ApiError("HR401", "There are several tokens.", {"WWW-Authenticate": challenge})


def _too_many(quota: Quota) -> ApiError:
    detail = f"You may ask for this {quota.limit} times an hour; in {quota.reset} seconds there will be more."
    return ApiError("HR429", detail, {"Retry-After": str(quota.reset)})


def key_of(verified: Verified, path: str, query: bytes) -> Key:
    """By what an answer is found: two people never have one in common, nor one person's two roles."""
    # Both /path and /path/ are one.
    return verified.who, verified.role, path[:-1] if path[-1:] == "/" else path, query
