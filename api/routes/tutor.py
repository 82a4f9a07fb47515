"""What tutors read about their students."""

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

DASHBOARD = Function("tutor_dashboard", "jsonb", kept=True)
ASSIGNMENT = Function("tutor_assignment", "jsonb", "uuid", "integer", "text")


@get(
    "/dashboard",
    operation_id="TutorDashboard",
    summary="My students",
    responses=responses(StaffDashboard, 401, 403, fresh=True),
)
async def tutor_dashboard(request: Request[Any, Any, Any]) -> JsonBytes:
    """What my students have to do and have done, and who of them needs me. Role tutor."""
    return await personal(request, DASHBOARD)


@get(
    "/assignments/{assignment_id:uuid}",
    operation_id="TutorAssignment",
    summary="An assignment of my students",
    responses=responses(AssignmentDocument, 401, 403, 404, 422, fresh=True),
    dependencies=PAGED,
)
async def tutor_assignment(
    request: Request[Any, Any, Any],
    page: NamedDependency[Page],
    assignment_id: Annotated[UUID, PathParameter(description="The assignment.")],
) -> JsonBytes:
    """An assignment of a course of my students: their submissions, the grades, a page of them. Role tutor."""
    return await personal(request, ASSIGNMENT, str(assignment_id), *page.arguments())


ROUTER = dashboard("tutor", [tutor_dashboard, tutor_assignment])
