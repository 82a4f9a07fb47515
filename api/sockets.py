"""WebSockets."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from msgspec import Struct

from api.auth import Verified, credential, missing
from api.endpoint import Services
from api.errors import ApiError, raw
from api.limits import caller
from api.patterns import TYPES
from api.session import PREFIX, same_origin
from api.streams import Live, enter, in_query, person
from api.visit import DIRECT, STATUS, STREAM, VISIT, Visit
from listener.feed.client import Client
from listener.feed.hub import TooMany
from listener.feed.messages import Message, Socket
from listener.feed.person import Person, Refused, Unavailable
from listener.feed.snapshot import harmless
from listener.feed.wire import End

FLAT, WRAPPED = Socket(False), Socket(True)
"""One shape for all clients that have it: an event is encoded once for all of them."""
MESSAGE_BYTES = 1024
"""A longer message from a client is an error."""
BAD_MESSAGES = 3
"""With so many errors a client is shown out."""
RESTART, AGAIN, MISBEHAVED = 1012, 1013, 1008
NOT_AUTHENTICATED, NOT_ALLOWED, SILENT, INVALID, TOO_MANY = 4401, 4403, 4408, 4422, 4429
CLOSED = {"HR422": INVALID, "HR429": TOO_MANY, "HR503": AGAIN}
"""How, for an error before it is open; for all others, NOT_AUTHENTICATED."""
STATUSES = {NOT_AUTHENTICATED: 401, NOT_ALLOWED: 403, INVALID: 422, TOO_MANY: 429, AGAIN: 503}
"""What it counts as then, among other requests."""
CODES = {
    End.EXPIRED: NOT_AUTHENTICATED,
    End.UNAVAILABLE: AGAIN,
    End.SILENT: SILENT,
    End.STOPPED: RESTART,
    End.MISBEHAVED: MISBEHAVED,
}
"""How a WebSocket is closed."""


async def shows(services: Services, scope: Any) -> Verified:
    """Who opens a WebSocket: by the header Authorization, else `?token=`, else a session's cookie.

    Raises ApiError.
    """
    headers = scope[VISIT].headers
    secure = scope["scheme"] == "wss"
    shown = in_query(scope["query_string"]) if b"authorization" not in headers else None
    if (shown := shown or credential(headers, secure)) is None:
        raise missing()
    # Any site's page may open a WebSocket here, and of some the browser adds the cookie.
    if shown.startswith(PREFIX) and not same_origin(headers, secure):
        raise ApiError("HR401", "A WebSocket with a session's cookie has to come from this site's own pages.")
    return await services.authenticator.verified(shown, caller(scope))


async def admitted(services: Services, scope: Any) -> Verified:
    """The same, if that person may open one more. Raises ApiError; HR429: not now, or not from there.

    What is good never counts for an address: thousands may share one.
    """
    visit: Visit = scope[VISIT]
    rule = services.limits.rule(scope["path"])
    try:
        who = visit.verified = await shows(services, scope)
    except ApiError as error:
        if rule is None or error.code != "HR401":
            raise
        quota = await services.limits.ask(rule, caller(scope))
        if quota.allowed:
            raise
        raise ApiError("HR429", None, {"Retry-After": str(quota.reset)}) from None
    if rule is not None and not (await services.limits.ask(rule, who.who)).allowed:
        raise ApiError("HR429")
    return who


class LiveSocket(Live):
    """A WebSocket."""

    __slots__ = ()

    async def listen(self, receive: Any) -> None:
        wrong = 0
        while (message := await receive())["type"] != "websocket.disconnect":
            text = message.get("text") or ""
            short = 0 < len(text) <= MESSAGE_BYTES
            if short and _is_pong(text):
                self.client.unanswered = 0
                continue
            wrong += 1
            reason = "unknown message" if short else "a message has to be text, and short"
            said = self.client.shape.special("error", data=msgspec.json.encode({"message": reason}))
            await self.client.wire.patiently(said)
            if wrong == BAD_MESSAGES:
                self.client.cut(End.MISBEHAVED)
                return

    def last(self, end: End) -> Message:
        refused = NOT_AUTHENTICATED if self.client.code == "HR401" else NOT_ALLOWED
        return {"type": "websocket.close", "code": CODES.get(end, refused)}


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
    user: str | None = None,
    first: Callable[[Person], Awaitable[dict[str, Any]]] | None = None,
) -> None:
    """A WebSocket, from its handshake to its end: a close code, for browsers are not shown a refusal.

    roles: who may have it; None: every role. kinds: of which `?events=` may choose; None: all.
    user: id of whom it is about; None: who asks. first: asked what the message before all others says besides
    the cursor, or raises Refused or Unavailable; None: there is no such message.
    """
    send: Any = scope[DIRECT]
    await receive()
    try:
        who = person(await admitted(services, scope))
    except ApiError as error:
        await _refuse(scope, error)
        return
    scope[STATUS] = 101
    try:
        await send({"type": "websocket.accept"})
    except OSError:  # it has left meanwhile
        return
    try:
        subject = _id(user) if user is not None else who.id
        if subject is None or (roles is not None and who.role not in roles):
            await _close(scope, NOT_ALLOWED)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        kinds = chosen(kinds, query.get("events", [None])[0])
        client = Client(
            services.feed.hub,
            services.feed.asked,
            who,
            WRAPPED if wrapped else FLAT,
            send,
            cursor=harmless(query.get("cursor", [""])[0] or None),
            kinds=kinds,
            subject=subject if subject != who.id else None,
        )
        await enter(services, client)
    except TooMany:
        await _close(scope, TOO_MANY)
        return
    except ApiError as error:
        await _close(scope, CLOSED.get(error.code, NOT_AUTHENTICATED))
        return

    async def begin(cursor: str | None) -> None:
        if not client.may_follow() and not await services.feed.asked.may_follow(who.claims, subject):
            raise Refused("HR403")
        if first is not None:
            # While events are missed, the client's own cursor; null before `reset`, which has another.
            welcome = {"type": "welcome", **await first(who), "cursor": cursor or client.position}
            text = msgspec.json.encode(welcome).decode()
            await client.wire.patiently({"type": "websocket.send", "text": text})

    scope[STREAM] = LiveSocket(client)
    try:
        await client.begin(begin)
    except Refused as error:
        client.code = error.code
        client.cut(End.REFUSED)
        scope[STATUS] = 401 if error.code == "HR401" else 403
    except Unavailable:
        client.cut(End.UNAVAILABLE)
        scope[STATUS] = 503


def _id(text: str) -> UUID | None:
    """The id that this is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def chosen(kinds: tuple[str, ...] | None, events: str | None) -> tuple[str, ...] | None:
    """Of these types, those that `?events=` names. Raises ApiError if that is malformed or none of them."""
    if events is None:
        return kinds
    wanted = tuple(events.split(",")) if re.fullmatch(TYPES, events) else ()
    found = tuple(kind for kind in wanted if kinds is None or kind in kinds)
    if not found:
        raise ApiError("HR422")
    return found


def _is_pong(text: str) -> bool:
    try:
        return msgspec.json.decode(text, type=Incoming).type == "pong"
    except msgspec.DecodeError:
        return False


async def _refuse(scope: Any, error: ApiError) -> None:
    """Say why somebody is not let in: by a close code, since browsers are not shown a status."""
    send: Any = scope[DIRECT]
    with suppress(OSError, RuntimeError):  # it may have left
        if error.code == "HR429" and scope[VISIT].verified is None:
            # Of those there may be many, and a close code holds the connection until it is acknowledged.
            scope[STATUS] = 429
            headers = [(b"x-request-id", scope[VISIT].id.encode())]
            headers += raw(error.headers)
            await send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept"})
    await _close(scope, CLOSED.get(error.code, NOT_AUTHENTICATED))


async def _close(scope: Any, code: int) -> None:
    scope[STATUS] = STATUSES[code]
    with suppress(OSError, RuntimeError):  # it may have closed already
        await scope[DIRECT]({"type": "websocket.close", "code": code})
