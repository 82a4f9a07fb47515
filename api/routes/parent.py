"""What parents read about their children."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from api.database import Function
from api.documents import ParentDashboard
from api.endpoint import JsonBytes, dashboard, personal, responses

DASHBOARD = Function("parent_dashboard", "jsonb")


@get(
    "/dashboard",
    summary="All my children",
    responses=responses(ParentDashboard, 401, 403),
)
async def children(request: Request[Any, Any, Any]) -> JsonBytes:
    """Each of my children: performance, courses, the work graded last, upcoming deadlines. Role parent."""
    return await personal(request, DASHBOARD)


ROUTER = dashboard("parent", [children])
