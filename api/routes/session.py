"""Sessions of browsers: a token becomes a cookie, which scripts cannot read and no other site can use."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, post, route
from litestar.types import Message, Receive, Scope, Send
from msgspec import Meta, Struct

from api import session
from api.auth import Role, credential, missing
from api.database import Function
from api.documents import Person
from api.endpoint import JsonBytes, Services, authenticate, responses
from api.errors import ApiError
from api.session import PREFIX

BEGIN = Function("session_begin", "jsonb", "text", "double precision", "text")
READ = Function("session_read", "jsonb", "double precision")
END = Function("session_end", "jsonb")
NO_STORE = b"no-store"
LONGEST = 400 * 86_400
"""Seconds: browsers keep no cookie for longer."""


class Identity(Struct, forbid_unknown_fields=True):
    """Who asks, and until when."""

    person: Annotated[Person, Meta(description="Who asks.")]
    role: Annotated[Role, Meta(description="The role taken.")]
    by_session: Annotated[bool, Meta(description="Whether a session's cookie was shown, and not a token.")]
    expires_at: Annotated[datetime, Meta(description="When the token, and with it the session, ends.")]
    csrf_token: Annotated[
        str | None,
        Meta(
            description="With the cookie, a POST or DELETE has to say this in the header `X-CSRF-Token`. "
            "It is in the cookie `homeroom_csrf` (over TLS `__Host-homeroom_csrf`) as well. Null without a "
            "session."
        ),
    ]


class Ended(Struct, forbid_unknown_fields=True):
    """Sessions that have ended."""

    ended: Annotated[int, Meta(description="How many.", ge=0)]


class WithCookies(JsonBytes):
    """An answer that sets cookies."""

    def __init__(self, body: bytes, cookies: list[tuple[bytes, bytes]]) -> None:
        super().__init__(body, NO_STORE)
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._cookies]
            await send(message)

        await super().__call__(scope, receive, send_with_cookies)


@post(
    "/",
    status_code=200,
    summary="Begin a session",
    responses=responses(Identity, 401, 403),
)
async def begin(request: Request[Any, Any, Any]) -> WithCookies:
    """Turn the bearer token into a cookie, for browsers: it is good for as long as the token.

    It serves all else that asks for a token, streams and WebSockets included. A session that this browser had
    before ends. A person has 20 at most; then the oldest ends. Every role.
    """
    services, shown, secure = _asked(request)
    verified = await services.authenticator.verified(shown)
    if verified.by_cookie:
        raise missing()
    value = session.fresh(verified.org)
    body = await services.database.call(
        BEGIN,
        verified.claims,
        session.parts(value)[1],
        repr(verified.expires),
        _before(request, verified.org),
    )
    seconds = max(0, min(int(verified.expires - time.time()), LONGEST))
    return WithCookies(_with_token(body, PREFIX + value), session.cookies(value, seconds, secure))


@get("/", summary="Who am I?", responses=responses(Identity, 401, 403))
async def read(request: Request[Any, Any, Any]) -> JsonBytes:
    """Who asks, by a session's cookie or a token, and until when. Every role."""
    services, shown, _ = _asked(request)
    verified = await services.authenticator.verified(shown)
    body = await services.database.call(READ, verified.claims, repr(verified.expires))
    return JsonBytes(_with_token(body, shown), NO_STORE)


@delete("/", status_code=200, summary="End a session", responses=responses(Ended, 401, 403))
async def end(request: Request[Any, Any, Any]) -> WithCookies:
    """End the session whose cookie is shown; with a token, all sessions of that person.

    At once: a copy of the cookie is good for nothing, and streams that it opened are closed. Every role.
    """
    services, shown, secure = _asked(request)
    verified = await services.authenticator.verified(shown)
    body = await services.database.call(END, verified.claims)
    services.authenticator.forget(verified.org, verified.person)
    return WithCookies(body, session.no_cookies(secure))


@route("/", http_method="OPTIONS", status_code=204, include_in_schema=False)
async def methods() -> Response[None]:
    """Which methods there are. Litestar's own answer knows the first of several handlers only."""
    return Response(None, headers={"Allow": "DELETE, GET, OPTIONS, POST"})


def _asked(request: Request[Any, Any, Any]) -> tuple[Services, bytes, bool]:
    """The services, what is shown of who asks, and whether that came over TLS."""
    secure = request.scope["scheme"] == "https"
    shown = credential(dict(request.scope["headers"]), secure)
    if shown is None:
        raise missing()
    return request.app.state.services, shown, secure


def _before(request: Request[Any, Any, Any], org: int) -> str | None:
    """Id of the session in this organization that the browser had before."""
    headers = {name: value for name, value in request.scope["headers"] if name == b"cookie"}
    try:
        found = credential(headers, request.scope["scheme"] == "https")
        before, id = session.parts(found.removeprefix(PREFIX)) if found else (0, "")
    except ApiError:
        return None
    return id if before == org else None


def _with_token(body: bytes, shown: bytes) -> bytes:
    """The document, with what the database never learns."""
    token = b"null"
    if shown.startswith(PREFIX):
        token = b'"%b"' % session.csrf_token(shown.removeprefix(PREFIX)).encode()
    return body.rstrip()[:-1] + b',"csrf_token":' + token + b"}"


ROUTER = Router(
    "/api/v1/session",
    before_request=authenticate,
    route_handlers=[methods, begin, read, end],
    security=[{"bearer": []}],
    tags=["session"],
)
