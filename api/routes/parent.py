"""What parents read about their children."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.params import PathParameter, QueryParameter

from api.database import Function
from api.documents import ParentDashboard, StudentHistory
from api.endpoint import JsonBytes, dashboard, personal, responses

DASHBOARD = Function("parent_dashboard", "jsonb", brief=True, kept=True)
STUDENT = Function("parent_student_performance", "jsonb", "uuid", "integer", brief=True, kept=True)


@get(
    "/dashboard",
    summary="All my children",
    responses=responses(ParentDashboard, 401, 403, fresh=True),
)
async def children(request: Request[Any, Any, Any]) -> JsonBytes:
    """Each of my children: performance, trend, courses, work graded last, deadlines. Role parent."""
    return await personal(request, DASHBOARD)


@get(
    "/students/{student_id:uuid}/performance",
    summary="One of my children",
    responses=responses(StudentHistory, 401, 403, 404, 422, fresh=True),
)
async def student_performance(
    request: Request[Any, Any, Any],
    student_id: Annotated[UUID, PathParameter(description="The child.")],
    history_days: Annotated[
        int, QueryParameter(description="How many days back, today included.", ge=1, le=366)
    ] = 30,
) -> JsonBytes:
    """How a child of mine does over all courses, the trend, and the days on which it changed. Role parent."""
    return await personal(request, STUDENT, str(student_id), str(history_days))


ROUTER = dashboard("parent", [children, student_performance])
