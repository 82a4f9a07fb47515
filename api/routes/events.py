"""Events that others send: to a person, or to a group."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from api.database import Function
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.event_documents import EventPosted, EventRequest

POST = Function("feed_post", "jsonb", "json")


@post(
    "/",
    status_code=202,
    summary="Send an event",
    responses=responses(EventPosted, 401, 403, 404, 413, 415, 422, success=202),
)
async def send(request: Request[Any, Any, Any], data: JSONBody[EventRequest]) -> JsonBytes:
    """Tell a person or a group something, at once and to nobody else. Roles service and admin."""
    answer = await personal(request, POST, msgspec.json.encode(data).decode())
    answer.status = 202
    return answer


ROUTER = dashboard("events", [send])
