"""What becomes of an answer on its way out: revalidation, compression, the headers that all have, the log."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from api.answer import Answer
from api.compression import chosen
from api.desk import Desk
from api.errors import MEDIA_TYPE, ApiError, problem, raw
from api.headers import API_VERSION, SecurityHeaders
from api.limits import plain
from api.protocol import answer, drained
from api.visit import Visit

UNROUTED = "(none)"
"""Of a request that no route has: its path is anything that somebody has thought of."""
PAGES = frozenset({"/docs", "/docs/{name}", "/schema/openapi.json"})
"""Routes whose answers are the same for everybody."""
LARGE_BYTES = 131_072
"""What is longer is compressed in a thread, while the others are served."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LENGTH = b"content-length"


class Outgoing:
    """The answer to one request."""

    __slots__ = ("_desk", "_direct", "_start", "_status", "_visit", "scope")

    def __init__(self, desk: Desk, visit: Visit, scope: Any, send: Any) -> None:
        """send: the server's own."""
        self._desk = desk
        self._visit = visit
        self._direct = send
        self._start: Any = None
        self._status = 0
        self.scope = scope
        """As the application has it: what it finds out about the request stands there."""

    async def send(self, message: Any) -> None:
        """What the application calls with each message of its answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = message["headers"]
            if self._status == 405 or self.scope["method"] == "OPTIONS":
                headers = [
                    (name, _with_head(value) if name == b"allow" else value) for name, value in headers
                ]
            if any(name == LENGTH for name, _ in headers):
                self._start = (self._status, headers)
                return
            # A stream: nothing of it waits.
            await self._begin(self._status, headers)
        elif self._start is None:
            await self._direct(message)
        elif message.get("more_body"):
            status, headers = self._start
            self._start = None
            await self._begin(status, headers)
            await self._direct(message)
        else:
            status, headers = self._start
            await self.whole(status, headers, message.get("body", b""))

    async def whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Answer with this, and keep it if it may be."""
        method = self.scope["method"]
        if method not in SAFE and (status < 400 or status >= 500):
            await self._desk.settle()
        route = self.scope.get("path_template") or UNROUTED
        made = finished(self._desk.security, status, headers, body, route, revalidates=method == "GET")
        visit = self._visit
        if visit.fill is not None and status == 200:
            self._desk.cache.keep(visit.fill, made)
        if route in PAGES and status == 200 and method == "GET":
            self._desk.pages[plain(self.scope["path"])] = made
        await self.give(made)

    async def give(self, made: Answer) -> None:
        """Answer with this, compressed if need be, once the client has read what came before."""
        accepted = self._visit.headers.get(b"accept-encoding")
        if len(made.body) >= LARGE_BYTES and self._desk.compresses and accepted is not None:
            await asyncio.to_thread(made.form, chosen(accepted))
        await drained(self._direct)
        write(self._desk, self._visit, self.scope, self._direct, made)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Begin an answer that goes on."""
        pairs = [*headers, *standing(self._desk.security, headers), *self._pairs()]
        await self._direct({"type": "http.response.start", "status": status, "headers": pairs})

    async def refuse(self, error: ApiError, about: str) -> None:
        """Answer with a problem, before there is a route. about: what stands for one in the log."""
        self.scope["path_template"] = about
        await self.whole(*refusal(error, self.scope["method"], self.scope["path"]))

    def done(self) -> None:
        """The application has returned. Of a stream this is all that is noted: that it has begun."""
        if self._start is None and self._status:
            route = self.scope.get("path_template") or UNROUTED
            note(self._desk, self._visit, self.scope, self._status, route)

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        """The headers of this request alone, as ASGI has them."""
        lines = _lines(self._desk, self._visit, self.scope["scheme"]).split(b"\r\n")[:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


def refusal(error: ApiError, method: str, path: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of the problem with which a request is refused."""
    status, headers, body = problem(error, method, path)
    return status, [(b"content-type", MEDIA_TYPE.encode()), *raw(headers)], body


def write(desk: Desk, visit: Visit, scope: Any, send: Any, made: Answer) -> None:
    """Write an answer, as the client wants it, and note that it was. send: the server's own."""
    headers = visit.headers
    given = headers.get(b"if-none-match")
    if given is not None and made.matches(given):
        status, head, body = 304, made.unchanged(), b""
    else:
        coding = None
        if made.may_compress and desk.compresses and b"accept-encoding" in headers:
            coding = chosen(headers[b"accept-encoding"])
        status = made.status
        head, body = made.form(coding)
    answer(send, head + _lines(desk, visit, scope["scheme"]), body)
    note(desk, visit, scope, status, made.route)


def _lines(desk: Desk, visit: Visit, scheme: str) -> bytes:
    """The headers of one request alone."""
    lines = b"x-request-id: %b\r\nserver-timing: db;dur=%.1f, total;dur=%.2f\r\n" % (
        visit.id.encode(),
        visit.database * 1e3,
        (perf_counter() - visit.began) * 1e3,
    )
    if (quota := visit.quota) is not None:
        lines += b"ratelimit-limit: %d\r\nratelimit-remaining: %d\r\nratelimit-reset: %d\r\n" % (
            quota.limit,
            quota.remaining,
            quota.reset,
        )
    if desk.cors is not None:
        pairs = desk.cors.headers(visit.headers.get(b"origin", b""))
        lines += b"".join(b"%b: %b\r\n" % pair for pair in pairs)
    if scheme == "https":
        plain = desk.security.for_scheme("http")
        more = (pair for pair in desk.security.for_scheme(scheme) if pair not in plain)
        lines += b"".join(b"%b: %b\r\n" % pair for pair in more)
    return lines


def note(desk: Desk, visit: Visit, scope: Any, status: int, route: str) -> None:
    """Count and log a request."""
    seconds = perf_counter() - visit.began
    method = scope["method"]
    desk.traffic.route(method, route).add(status, seconds, visit.hit)
    if desk.log.wants(seconds):
        desk.log.write(
            method=method,
            route=route,
            status=status,
            seconds=seconds,
            database=visit.database,
            cached=visit.hit is True,
            verified=visit.verified,
            request_id=visit.id,
        )
    if desk.telemetry is not None:
        desk.telemetry.request(scope, visit, status, seconds, route)


def finished(
    security: SecurityHeaders,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    route: str,
    *,
    revalidates: bool = True,
) -> Answer:
    """An answer with all headers but those of a single request. revalidates: whether a 200 gets an ETag."""
    made = Answer(
        status, [*headers, *standing(security, headers)], body, revalidates=revalidates and status == 200
    )
    made.route = route
    return made


def standing(security: SecurityHeaders, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that any answer has, but those that it has itself."""
    own = {name for name, _ in given}
    return [API_VERSION, *(pair for pair in security.for_scheme("http") if pair[0] not in own)]


def _with_head(allowed: bytes) -> bytes:
    """The value of an Allow header, with what the Edge adds."""
    return allowed + b", HEAD" if b"GET" in allowed else allowed
