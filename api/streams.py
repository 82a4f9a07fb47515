"""What streams share: who may have one, server-sent events, WebSockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from litestar import Request
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send
from msgspec import Struct

from api.auth import Claims, bearer, bounded
from api.edge import DIRECT, HEAD
from api.endpoint import Services
from api.errors import ApiError
from api.protocol import STREAM
from listener.feed.client import Client, End, Person, Refused, Unavailable
from listener.feed.hub import TooMany
from listener.feed.messages import Socket, Sse
from listener.feed.snapshot import harmless

UNNAMED, NAMED, FLAT, WRAPPED = Sse(False), Sse(True), Socket(False), Socket(True)
"""One shape for all clients that have it: an event is encoded once for all of them."""

READY_SECONDS = 5.0
"""How long a client may wait for the feed to be there, after a start without a database."""
RETRY = b"retry: 2000\n"
"""A client that lost its stream waits for two seconds."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until it has enough of them
]

MESSAGE_BYTES = 1024
"""A longer message from a client is an error."""
BAD_MESSAGES = 3
"""With so many errors a client is shown out."""
NORMAL, RESTART, AGAIN, MISBEHAVED = 1000, 1012, 1013, 1008
NOT_AUTHENTICATED, NOT_ALLOWED, SILENT, TOO_MANY = 4401, 4403, 4408, 4429
CODES = {
    End.EXPIRED: NOT_AUTHENTICATED,
    End.UNAVAILABLE: AGAIN,
    End.SILENT: SILENT,
    End.STOPPED: RESTART,
    End.MISBEHAVED: MISBEHAVED,
}
"""How a WebSocket is closed."""


async def admit(request: Request[Any, Any, Any]) -> None:
    """As `authenticate` does; but a stream's token may stand in the query: a browser sends no headers."""
    if request.method != "OPTIONS":
        services: Services = request.app.state.services
        request.scope["person"] = await person(services, request.scope)  # type: ignore[typeddict-unknown-key]


async def person(services: Services, scope: Any) -> Person:
    """Who asks. Raises ApiError."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    if given and not any(name == b"authorization" for name, _ in scope["headers"]):
        token = bounded(given[0].encode())
    else:
        token = bearer(scope["headers"])
    verified = await services.authenticator.verified(token)
    claims = msgspec.json.decode(verified.claims, type=Claims)
    return Person(claims.org, claims.sub, claims.role, verified.claims, verified.expires)


@contextmanager
def translated() -> Iterator[None]:
    """Say as ApiError or DatabaseError why somebody may not stream."""
    try:
        yield
    except TooMany:
        raise ApiError("HR429", "You have as many streams open as one may have.") from None
    except (Refused, Unavailable) as error:
        raise error.__cause__ or error from None


async def enter(services: Services, client: Client) -> None:
    """Let a client in. Raises ApiError before the feed is there, and TooMany."""
    if not await services.feed.hub.ready(READY_SECONDS):
        raise ApiError("HR503", "The live feed is away.")
    services.feed.hub.enter(client)


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
    ) -> None:
        """roles: who may have this stream; None: every role. kinds: those wanted, separated by commas."""
        self._services: Services = request.app.state.services
        self._person: Person = request.scope["person"]  # type: ignore[typeddict-item]
        if roles is not None and self._person.role not in roles:
            raise ApiError("HR403", f"this is for the role {' or '.join(roles)}")
        self._named = named
        self._cursor = harmless(request.headers.get("last-event-id") or cursor)
        self._kinds = tuple(kinds.split(",")) if kinds else None

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
        )

        async def begin(cursor: str | None) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            position = b"" if cursor is None else b"id: %b\n" % cursor.encode()
            await direct({"type": "http.response.body", "body": RETRY + position + b"\n", "more_body": True})

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                if not scope[STREAM]:
                    client.cut(End.STOPPED)

        if HEAD in scope:
            await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        with translated():
            await enter(self._services, client)
            scope[STREAM] = True
            end = await client.serve(begin, listen)
        self._services.feed.hub.count(end.value)
        if end is End.GONE:
            return
        with suppress(OSError):
            if end is End.EXPIRED:
                await client.patiently(client.shape.special("expired"))
            await client.patiently({"type": "http.response.body", "body": b"", "more_body": False})


class Incoming(Struct):
    """What a WebSocket client may say."""

    type: str


async def socket_stream(
    services: Services,
    scope: Any,
    receive: Any,
    *,
    roles: Sequence[str] | None,
    wrapped: bool,
    kinds: tuple[str, ...] | None = None,
    user: UUID | None = None,
    first: Mapping[str, Any] | None = None,
) -> None:
    """A WebSocket, from its handshake to its end: a close code, for browsers are not shown a refusal.

    roles: who may have it; None: every role. kinds: None: all. user: whom it is about; None: who asks.
    first: what the message before all others says besides the cursor; None: there is none.
    """
    send: Any = scope[DIRECT]
    await receive()
    await send({"type": "websocket.accept"})
    try:
        who = await person(services, scope)
        if roles is not None and who.role not in roles:
            await _close(send, NOT_ALLOWED)
            return
        given = parse_qs(scope["query_string"].decode("latin-1")).get("cursor", [None])[0]
        client = Client(
            services.feed.hub,
            services.feed.asked,
            who,
            WRAPPED if wrapped else FLAT,
            send,
            cursor=harmless(given),
            kinds=kinds,
            subject=user if user != who.id else None,
        )
        await enter(services, client)
    except TooMany:
        await _close(send, TOO_MANY)
        return
    except ApiError as error:
        await _close(send, AGAIN if error.code == "HR503" else NOT_AUTHENTICATED)
        return

    async def begin(cursor: str | None) -> None:
        if client.subject is not None and not client.topics:
            raise Refused("HR403")
        if first is not None:
            welcome = {"type": "welcome", **first, "cursor": cursor or client.position}
            await send({"type": "websocket.send", "text": msgspec.json.encode(welcome).decode()})

    try:
        end = await client.serve(begin, lambda: _listen(client, receive))
    except Refused as error:
        client.code = error.code
        end = End.REFUSED
    except Unavailable:
        end = End.UNAVAILABLE
    services.feed.hub.count(end.value)
    if end is End.GONE:
        return
    code = CODES.get(end, NOT_AUTHENTICATED if client.code == "HR401" else NOT_ALLOWED)
    with suppress(OSError):
        if end is End.EXPIRED:
            await client.patiently(client.shape.special("expired"))
        await client.patiently({"type": "websocket.close", "code": code})


async def _listen(client: Client, receive: Any) -> None:
    """Take what the client says, until it leaves or has said too much."""
    wrong = 0
    while (message := await receive())["type"] != "websocket.disconnect":
        text = message.get("text") or ""
        if 0 < len(text) <= MESSAGE_BYTES and _is_pong(text):
            client.unanswered = 0
            continue
        wrong += 1
        reason = (
            "a message has to be text, and short" if not 0 < len(text) <= MESSAGE_BYTES else "unknown message"
        )
        await client.patiently(client.shape.special("error", data=msgspec.json.encode({"message": reason})))
        if wrong == BAD_MESSAGES:
            client.cut(End.MISBEHAVED)
            return


def _is_pong(text: str) -> bool:
    try:
        return msgspec.json.decode(text, type=Incoming).type == "pong"
    except msgspec.DecodeError:
        return False


async def _close(send: Any, code: int) -> None:
    with suppress(OSError):
        await send({"type": "websocket.close", "code": code})
