"""What students read about themselves."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from api.database import Function
from api.documents import StudentPerformance
from api.endpoint import JsonBytes, dashboard, personal, responses

PERFORMANCE = Function("student_performance", "jsonb")


@get(
    "/performance",
    summary="My performance",
    responses=responses(StudentPerformance, 401, 403),
)
async def performance(request: Request[Any, Any, Any]) -> JsonBytes:
    """How I do over all my courses. Role student."""
    return await personal(request, PERFORMANCE)


ROUTER = dashboard("student", [performance])
