"""What tutors read about their students."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from api.database import Function
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.staff_documents import StaffDashboard

DASHBOARD = Function("tutor_dashboard", "jsonb")


@get(
    "/dashboard",
    operation_id="TutorDashboard",
    summary="My students",
    responses=responses(StaffDashboard, 401, 403),
)
async def tutor_dashboard(request: Request[Any, Any, Any]) -> JsonBytes:
    """What my students have to do and have done, and who of them needs me. Role tutor."""
    return await personal(request, DASHBOARD)


ROUTER = dashboard("tutor", [tutor_dashboard])
