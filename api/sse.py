"""Server-sent events."""

from __future__ import annotations

from collections.abc import Sequence
from random import randint
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from api.endpoint import Services, asking
from api.errors import ApiError
from api.session import of_this_site
from api.streams import Live, enter, person
from api.visit import DIRECT, HEAD, STREAM
from listener.feed.client import Client
from listener.feed.hub import TooMany
from listener.feed.messages import Message, Sse
from listener.feed.person import Refused, Unavailable
from listener.feed.snapshot import harmless
from listener.feed.wire import End

UNNAMED, NAMED = Sse(False), Sse(True)
"""One shape for all clients that have it: an event is encoded once for all of them."""
RETRY = b"retry: 2000\n"
"""A client that lost its stream waits for two seconds."""
AGAIN = 500, 5000
"""Between so many milliseconds it waits when the server stops: not all of them come back at once."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until it has enough of them
]


class Stream(ASGIResponse):
    """Server-sent events, until the client leaves. Errors before the first of them are problems as ever."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        roles: Sequence[str] | None,
        *,
        named: bool,
        cursor: str | None,
        kinds: str | None = None,
        follows: bool = False,
    ) -> None:
        """roles: who may have this stream; None: every role. kinds: those wanted, separated by commas.

        follows: whether it is a dashboard's, which begins with the document; but not if kinds has no updates.
        """
        self._services: Services = request.app.state.services
        visit, verified = asking(request)
        if verified.by_cookie:
            of_this_site(visit.headers)
        self._person = person(verified)
        if roles is not None and self._person.role not in roles:
            detail = f"this is for the role {' or '.join(roles)}; the token's is {self._person.role}"
            raise ApiError("HR403", detail)
        self._named = named
        self._cursor = harmless(request.headers.get("last-event-id") or cursor)
        self._kinds = tuple(kinds.split(",")) if kinds else None
        self._follows = follows

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Stream."""
        direct: Any = scope[DIRECT]
        client = Client(
            self._services.feed.hub,
            self._services.feed.asked,
            self._person,
            NAMED if self._named else UNNAMED,
            direct,
            cursor=self._cursor,
            kinds=self._kinds,
            follows=self._follows,
        )

        async def begin(cursor: str | None) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            position = b"" if cursor is None else b"id: %b\n" % cursor.encode()
            body = RETRY + position + b"\n"
            await client.wire.patiently({"type": "http.response.body", "body": body, "more_body": True})

        if HEAD in scope:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        try:
            await enter(self._services, client)
        except TooMany:
            most = self._services.feed.hub.per_person
            raise ApiError(
                "HR429", f"You have {most} streams open, as many as one may have (STREAMS_PER_PERSON)."
            ) from None
        scope[STREAM] = LiveSse(client)
        try:
            await client.begin(begin)
        except (Refused, Unavailable) as error:
            del scope[STREAM]
            raise error.__cause__ or ApiError("HR401", "The token has expired.") from None


class LiveSse(Live):
    """Server-sent events."""

    __slots__ = ()

    async def listen(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    def last(self, end: End) -> Message:
        # No `reset`: the cursor still holds, and thousands would read anew at once.
        body = b"retry: %d\n\n" % randint(*AGAIN) if end is End.STOPPED else b""
        return {"type": "http.response.body", "body": body, "more_body": False}
