"""Sessions of browsers: a token becomes a cookie, which scripts cannot read and no other site can use."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, post, route
from litestar.types import Message, Receive, Scope, Send
from msgspec import Meta, Struct

from api import session
from api.auth import Role, missing
from api.database import Function
from api.documents import Person
from api.endpoint import JsonBytes, Services, asking, authenticate, responses, told
from api.errors import ApiError
from api.session import PREFIX, from_cookies

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
    visit, verified = asking(request)
    if verified.by_cookie:
        raise missing()
    secure = _is_secure(request)
    value = session.fresh(verified.org)
    before = _before(visit.headers.get(b"cookie", b""), secure, verified.org)
    body = await told(request, BEGIN, session.parts(value)[1], repr(verified.expires), before)
    seconds = max(0, min(int(verified.expires - time.time()), LONGEST))
    return WithCookies(_with_token(body, value), session.cookies(value, seconds, secure))


@get("/", summary="Who am I?", responses=responses(Identity, 401, 403))
async def read(request: Request[Any, Any, Any]) -> JsonBytes:
    """Who asks, by a session's cookie or a token, and until when. Every role."""
    visit, verified = asking(request)
    body = await told(request, READ, repr(verified.expires))
    shown = from_cookies(visit.headers[b"cookie"], _is_secure(request)) if verified.by_cookie else None
    return JsonBytes(_with_token(body, shown and shown.removeprefix(PREFIX)), NO_STORE)


@delete("/", status_code=200, summary="End a session", responses=responses(Ended, 401, 403))
async def end(request: Request[Any, Any, Any]) -> WithCookies:
    """End the session whose cookie is shown; with a token, all sessions of that person.

    At once: a copy of the cookie is good for nothing, and streams that it opened are closed. Every role.
    """
    _, verified = asking(request)
    body = await told(request, END)
    services: Services = request.app.state.services
    services.authenticator.forget(verified.org, verified.person)
    return WithCookies(body, session.no_cookies(_is_secure(request)))


@route("/", http_method="OPTIONS", status_code=204, include_in_schema=False)
async def methods() -> Response[None]:
    """Which methods there are. Litestar's own answer knows the first of several handlers only."""
    return Response(None, headers={"Allow": "DELETE, GET, OPTIONS, POST"})


def _is_secure(request: Request[Any, Any, Any]) -> bool:
    """Whether the request came over TLS."""
    return request.scope["scheme"] == "https"


def _before(cookies: bytes, secure: bool, org: int) -> str | None:
    """Id of the session in this organization that the browser had before."""
    try:
        found = from_cookies(cookies, secure)
        before, id = session.parts(found.removeprefix(PREFIX)) if found else (0, "")
    except ApiError:
        return None
    return id if before == org else None


def _with_token(body: bytes, value: bytes | None) -> bytes:
    """The document, with what the database never learns. value: the cookie's."""
    token = b"null" if value is None else b'"%b"' % session.csrf_token(value).encode()
    return body.rstrip()[:-1] + b',"csrf_token":' + token + b"}"


ROUTER = Router(
    "/api/v1/session",
    before_request=authenticate,
    route_handlers=[methods, begin, read, end],
    security=[{"bearer": []}],
    tags=["session"],
)
