"""What admins read about their organization."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.database import Function
from api.documents import StudentList
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.paging import PAGED, Page

STUDENTS = Function("admin_student_performance", "jsonb", "text", "boolean", "uuid", "integer", "text")

Sort = Literal[
    "name",
    "total_quizzes_completed",
    "total_assignments_completed",
    "overall_quiz_average_score",
    "overall_assignment_average_score",
    "overall_average_score",
    "last_performance_update",
]


@get(
    "/students/performance",
    summary="All students' performance",
    responses=responses(StudentList, 401, 403, 422),
    dependencies=PAGED,
)
async def students_performance(
    request: Request[Any, Any, Any],
    page: NamedDependency[Page],
    sort: Annotated[
        Sort, QueryParameter(description="By what the list is ordered; nulls come last.")
    ] = "name",
    order: Annotated[Literal["asc", "desc"], QueryParameter(description="Ascending or descending.")] = "asc",
    course_id: Annotated[
        UUID | None, QueryParameter(description="Only students enrolled in this course.")
    ] = None,
) -> JsonBytes:
    """The organization's students and how each does over all courses. Role admin."""
    course = str(course_id) if course_id else None
    return await personal(request, STUDENTS, sort, str(order == "desc"), course, *page.arguments())


ROUTER = dashboard("admin", [students_performance])
