"""What every handler shares: who asks, one call of one SQL function, its bytes passed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from api.auth import Authenticator, Verified, missing
from api.cache import Cache
from api.database import Database, Function
from api.errors import MEDIA_TYPE, STATUSES, Problem
from api.feed import Feed
from api.limits import Limits
from api.report import Reporter
from api.rounds import Rounds
from api.visit import VISIT, Visit, waiting

FRESH = b"private, no-cache"
"""The Cache-Control of what is kept fresh: a browser keeps it, and asks each time whether it still holds."""


class Services(Struct, frozen=True):
    """What handlers work with: one per process, `app.state.services`."""

    authenticator: Authenticator
    database: Database
    feed: Feed
    cache: Cache
    reporter: Reporter
    limits: Limits
    rounds: Rounds
    """Of GET /metrics."""
    release: str
    """Digest of the code that this process expects in the database."""


class JsonBytes(ASGIResponse):
    """An answer whose JSON is written already, sent without what Litestar does for one that is not."""

    def __init__(
        self,
        body: bytes,
        cache_control: bytes,
        status: int = 200,
        location: str | None = None,
        cursor: str | None = None,
    ) -> None:
        """body: JSON. cache_control, location, cursor: the headers."""
        self.body = body
        self.cache_control = cache_control
        self.status = status
        self.location = location
        self.cursor = cursor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.head()})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})

    def head(self) -> list[tuple[bytes, bytes]]:
        """Its headers."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self.body)),
            (b"cache-control", self.cache_control),
        ]
        if self.location:
            headers.append((b"location", self.location.encode()))
        if self.cursor:
            headers.append((b"x-feed-cursor", self.cursor.encode()))
        return headers


async def authenticate(request: Request[Any, Any, Any]) -> None:
    """Refuse before anything else is looked at who has not said who asks (see api.edge). Raises ApiError."""
    if request.method == "OPTIONS":  # a browser asks so before it sends the token
        return
    visit: Visit = request.scope[VISIT]  # type: ignore[literal-required]
    if visit.verified is None:
        raise visit.refused or missing()


def asking(request: Request[Any, Any, Any]) -> tuple[Visit, Verified]:
    """The request's visit, and who asks; once `authenticate` has let it in."""
    visit: Visit = request.scope[VISIT]  # type: ignore[literal-required]
    assert visit.verified is not None, "authenticate comes first"
    return visit, visit.verified


def dashboard(name: str, handlers: Sequence[HTTPRouteHandler], path: str | None = None) -> Router:
    """The endpoints below `path`, /api/v1/`name` unless given, all of which ask for a token."""
    return Router(
        path or f"/api/v1/{name}",
        before_request=authenticate,  # a guard would do, but Litestar copies the handler for each call of one
        route_handlers=handlers,
        security=[{"bearer": []}],
        tags=[name],
    )


async def personal(request: Request[Any, Any, Any], function: Function, *arguments: str | None) -> JsonBytes:
    """Answer with what the function says to whoever asks; arguments and errors are those of `told`."""
    hub = request.app.state.services.feed.hub
    cursor = hub.cursor  # before the document is read: it must not be younger
    return JsonBytes(await told(request, function, *arguments), FRESH, cursor=cursor)


async def told(request: Request[Any, Any, Any], function: Function, *arguments: str | None) -> bytes:
    """What the function says to whoever asks, once `authenticate` has let the request in.

    function: of schema api; its first parameter takes the claims. arguments: the others, as PostgreSQL reads
    them. Raises DatabaseError for what the database refuses.
    """
    services: Services = request.app.state.services
    visit, verified = asking(request)
    claims = verified.claims
    if not function.kept:
        with waiting():
            return await services.database.call(function, claims, *arguments)
    if visit.key is not None:
        visit.hit = False
        visit.fill = services.cache.begin(visit.key, verified.org)
    with waiting():
        answer = await services.database.read(function, claims, *arguments)
    return answer[0] if visit.fill is None else visit.fill.read(answer)


def responses(
    document: type, *errors: int, success: int = 200, accepted: bool = False, fresh: bool = False
) -> dict[int, ResponseSpec]:
    """What an operation may answer, for OpenAPI: the document, these error statuses, and those of any.

    success: the status with which the document comes. accepted: whether it also comes with 202, when the work
    is yet to be done. fresh: whether a GET's answer comes with FRESH, and an ETag. All that asks for a token
    has a limit.
    """
    statuses = (success, 202) if accepted else (success,)
    answers = {
        status: ResponseSpec(document, generate_examples=False, description=document.__doc__ or "")
        for status in statuses
    }
    if fresh:
        answers[304] = ResponseSpec(None, description="What the client has by this ETag is the answer yet.")
    limited = {429} if 401 in errors else set()
    for status in sorted({400, 500, 503, *errors, *limited}):
        answers[status] = ResponseSpec(
            Problem, generate_examples=False, description=STATUSES[status][0], media_type=MEDIA_TYPE
        )
    return answers
