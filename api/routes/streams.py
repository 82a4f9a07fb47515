"""The live feed: server-sent events for each role, and WebSockets."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, WebSocket, get, websocket
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from msgspec import Raw

from api.documents import Alive
from api.endpoint import Services, authenticate, responses
from api.event_documents import StreamEvent
from api.patterns import TYPES
from api.sockets import socket_stream
from api.sse import Stream
from listener.feed.metrics import ROLES
from listener.feed.person import Person

STREAM = responses(Alive, 401, 403, 422) | {
    200: ResponseSpec(
        StreamEvent,
        generate_examples=False,
        media_type="text/event-stream",
        description="Messages until the client leaves: docs/live.md says of what shape.",
    )
}
UPDATES = ("metrics_update", "alerts", "student_progress")

Events = Annotated[
    str | None,
    QueryParameter(
        description="Only these types, separated by commas; all unless given.",
        examples=[Example(value="grade,assignment,update")],
        pattern=TYPES,
    ),
]
Named = Annotated[bool, QueryParameter(description="Whether a message's type is the name of its event, too.")]
Cursor = Annotated[
    str | None,
    QueryParameter(description="Where to go on: a stream's last id, or a document's X-Feed-Cursor."),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", description="The same; a browser sends it when it connects again. Comes first."
    ),
]
Token = Annotated[
    str | None,
    QueryParameter(description="The token, for a browser: its EventSource sends no headers."),
]


MESSAGES = "Begins with `snapshot`, goes on with `update` (a JSON Merge Patch of the document), events"
EVERY_TICK = "`metrics` every METRICS_SECONDS"
DESCRIPTIONS = {
    **{
        role: "My dashboard, then what changes on it and what happens of what I may see; with a cursor what "
        f"has changed and happened since. {MESSAGES}{told}. Role {role}."
        for role, told in {
            "student": "",
            "teacher": f" and {EVERY_TICK}",
            "tutor": f" and {EVERY_TICK}",
            "parent": "",
        }.items()
    },
    "director": "The summary of my tracks, an admin's of the organization, then what changes in it and what "
    "happens of what I may see, `alerts` among it; with a cursor what has changed and happened since. "
    f"{MESSAGES}, and for admins {EVERY_TICK}. Roles director and admin.",
}
"""What the stream of each role tells."""
ROLES_OF = {"director": ("director", "admin")}
"""Who may have a role's stream; those left out: that role."""


@get("/dashboard/stream", before_request=authenticate, summary="What happens", responses=STREAM)
async def stream(
    request: Request[Any, Any, Any],
    events: Events = None,
    named: Named = False,
    cursor: Cursor = None,
    last_event_id: LastEventId = None,
    token: Token = None,
) -> Stream:
    """What happens from now on, or has happened since a cursor, of what I may see. Every role.

    Events, and `metrics` for teachers, tutors and admins, every METRICS_SECONDS. What changes on my dashboard
    only if `events` names `update`.
    """
    return Stream(request, None, named=named, cursor=cursor, kinds=events)


def of_role(role: str) -> Any:
    """The stream that belongs to the dashboard of a role."""

    @get(
        f"/api/v1/{role}/dashboard/stream",
        before_request=authenticate,
        operation_id=f"{role.title()}DashboardStream",
        summary="What changes on my dashboard",
        description=DESCRIPTIONS[role],
        responses=STREAM,
    )
    async def role_stream(
        request: Request[Any, Any, Any],
        events: Events = None,
        named: Named = False,
        cursor: Cursor = None,
        last_event_id: LastEventId = None,
        token: Token = None,
    ) -> Stream:
        return Stream(
            request, ROLES_OF.get(role, (role,)), named=named, cursor=cursor, kinds=events, follows=True
        )

    return role_stream


@websocket("/ws/dashboard")
async def dashboard_socket(socket: WebSocket[Any, Any, Any]) -> None:
    """What happens, for teachers, tutors and admins."""
    services: Services = socket.app.state.services

    async def first(person: Person) -> dict[str, Any]:
        return {"metrics": Raw(await services.feed.asked.metrics(person.claims))}

    await socket_stream(
        services,
        socket.scope,
        socket.receive,
        roles=ROLES,
        wrapped=False,
        first=first,
    )


@websocket("/dashboard/ws/{user_id:str}")
async def user_socket(
    socket: WebSocket[Any, Any, Any], user_id: Annotated[str, PathParameter(description="Whom it is about.")]
) -> None:
    """Updates about oneself, or about somebody whose work one may see."""
    await socket_stream(
        socket.app.state.services,
        socket.scope,
        socket.receive,
        roles=None,
        wrapped=True,
        kinds=UPDATES,
        user=user_id,
    )


ROUTER = Router(
    "/",
    route_handlers=[
        stream,
        *map(of_role, DESCRIPTIONS),
        dashboard_socket,
        user_socket,
    ],
    security=[{"bearer": []}],
    tags=["live"],
)
