"""What teachers read about their courses."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from api.database import Function
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.paging import PAGED, Page
from api.staff_documents import AssignmentDocument, StaffDashboard

DASHBOARD = Function("teacher_dashboard", "jsonb", kept=True)
ASSIGNMENT = Function("teacher_assignment", "jsonb", "uuid", "integer", "text")


@get(
    "/dashboard",
    operation_id="TeacherDashboard",
    summary="My courses",
    responses=responses(StaffDashboard, 401, 403, fresh=True),
)
async def teacher_dashboard(request: Request[Any, Any, Any]) -> JsonBytes:
    """What there is to do in my courses, how the assignments are going, who needs me. Role teacher."""
    return await personal(request, DASHBOARD)


@get(
    "/assignments/{assignment_id:uuid}",
    summary="One of my assignments",
    responses=responses(AssignmentDocument, 401, 403, 404, 422, fresh=True),
    dependencies=PAGED,
)
async def assignment(
    request: Request[Any, Any, Any],
    page: NamedDependency[Page],
    assignment_id: Annotated[UUID, PathParameter(description="The assignment.")],
) -> JsonBytes:
    """An assignment of a course of mine: its submissions, their grades, a page of them. Role teacher."""
    return await personal(request, ASSIGNMENT, str(assignment_id), *page.arguments())


ROUTER = dashboard("teacher", [teacher_dashboard, assignment])
