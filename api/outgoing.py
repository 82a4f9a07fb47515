"""What becomes of an answer on its way out: revalidation, compression, the headers that all have, the log."""

from __future__ import annotations

from typing import Any

from api.answer import Answer
from api.compression import chosen
from api.desk import Desk
from api.errors import MEDIA_TYPE, ApiError, problem
from api.headers import API_VERSION, SecurityHeaders
from api.protocol import answer
from api.visit import Visit

UNROUTED = "(none)"
"""Of a request that no route has: its path is anything that somebody has thought of."""
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
        await self.write(made)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Begin an answer that goes on."""
        pairs = [*headers, *standing(self._desk.security, headers), *self._pairs()]
        await self._direct({"type": "http.response.start", "status": status, "headers": pairs})

    async def refuse(self, error: ApiError) -> None:
        """Answer with a problem, before there is a route."""
        status, headers, body = problem(error, self.scope["method"], self.scope["path"])
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.whole(status, [(b"content-type", MEDIA_TYPE.encode()), *pairs], body)

    async def write(self, made: Answer) -> None:
        """Write an answer, as the client wants it, and note that it was."""
        desk, visit = self._desk, self._visit
        given = visit.headers.get(b"if-none-match")
        if given is not None and made.matches(given):
            status, head, body = 304, made.unchanged(), b""
        else:
            status = made.status
            coding = chosen(visit.headers.get(b"accept-encoding", b"")) if desk.compresses else None
            head, body = made.form(coding)
        await answer(self._direct, head + self._lines(), body)
        self._note(status, made.route)

    def done(self) -> None:
        """The application has returned. Of a stream this is all that is noted: that it has begun."""
        if self._start is None and self._status:
            self._note(self._status, self.scope.get("path_template") or UNROUTED)

    def _lines(self) -> bytes:
        """The headers of this request alone."""
        visit = self._visit
        quota = visit.quota
        common = b"x-request-id: %b\r\nserver-timing: db;dur=%.1f, total;dur=%.2f\r\n" % (
            visit.id.encode(),
            visit.database * 1e3,
            visit.seconds() * 1e3,
        )
        if quota is not None:
            common += b"ratelimit-limit: %d\r\nratelimit-remaining: %d\r\nratelimit-reset: %d\r\n" % (
                quota.limit,
                quota.remaining,
                quota.reset,
            )
        if self._desk.cors is not None or self.scope["scheme"] == "https":
            common += b"".join(b"%b: %b\r\n" % pair for pair in self._of_origin())
        return common

    def _of_origin(self) -> list[tuple[bytes, bytes]]:
        """What depends on how, and from which page, somebody asks."""
        pairs = []
        if self._desk.cors is not None:
            pairs = self._desk.cors.headers(self._visit.headers.get(b"origin", b""))
        plain = self._desk.security.for_scheme("http")
        return [
            *pairs,
            *(pair for pair in self._desk.security.for_scheme(self.scope["scheme"]) if pair not in plain),
        ]

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        """The same as ASGI has them."""
        lines = self._lines().split(b"\r\n")[:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]

    def _note(self, status: int, route: str) -> None:
        """Count and log the request."""
        desk, visit = self._desk, self._visit
        seconds = visit.seconds()
        method = self.scope["method"]
        desk.traffic.route(method, route).add(status, seconds, visit.hit)
        if desk.log.enabled or seconds >= desk.log.slow:
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
            desk.telemetry.request(self.scope, visit, status, seconds, route)


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
