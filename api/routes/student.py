"""What students read about themselves, and say that they did."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from api.actions import Action
from api.database import Function
from api.documents import StudentPerformance
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.student_documents import ActionTaken, StudentDashboard

PERFORMANCE = Function("student_performance", "jsonb", brief=True, kept=True)
DASHBOARD = Function("student_dashboard", "jsonb", "boolean", "boolean", brief=True, kept=True)
ACTION = Function("student_action", "jsonb", "jsonb", "text")


@get(
    "/performance",
    summary="My performance",
    responses=responses(StudentPerformance, 401, 403, fresh=True),
)
async def performance(request: Request[Any, Any, Any]) -> JsonBytes:
    """How I do over all my courses. Role student."""
    return await personal(request, PERFORMANCE)


@get(
    "/dashboard",
    summary="My dashboard",
    responses=responses(StudentDashboard, 401, 403, 422, fresh=True),
)
async def read_dashboard(
    request: Request[Any, Any, Any],
    include_notifications: Annotated[
        bool, QueryParameter(description="Whether my notifications are in it.")
    ] = True,
    include_ai_nudge: Annotated[
        bool, QueryParameter(description="Whether what the AI coach says is in it.")
    ] = True,
) -> JsonBytes:
    """Where I stand and what to do next, as of now. Role student."""
    return await personal(request, DASHBOARD, str(include_notifications), str(include_ai_nudge))


@post(
    "/dashboard/action",
    status_code=202,
    summary="What I did",
    responses=responses(ActionTaken, 401, 403, 404, 409, 413, 415, 422, success=202),
)
async def act(
    request: Request[Any, Any, Any],
    data: JSONBody[Action],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            description="The same key again gets the same answer, and changes nothing.",
            min_length=1,
            max_length=200,
        ),
    ] = None,
) -> JsonBytes:
    """Take an action: its facts are changed at once, and the next read shows it. Role student."""
    answer = await personal(request, ACTION, msgspec.json.encode(data).decode(), idempotency_key)
    answer.status = 202
    return answer


ROUTER = dashboard("student", [performance, read_dashboard, act])
