"""What admins read about their organization."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from api.database import Function
from api.documents import Recalculation, RecalculationRequest, StudentList
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.paging import PAGED, Page

STUDENTS = Function(
    "admin_student_performance", "jsonb", "text", "boolean", "uuid", "uuid", "integer", "text"
)
RECALCULATE = Function("admin_recalculate", "jsonb", "uuid[]")
RECALCULATION = Function("admin_recalculation", "jsonb", "uuid")

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
    responses=responses(StudentList, 401, 403, 422, fresh=True),
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
    cohort_id: Annotated[
        UUID | None, QueryParameter(description="Only members of this cohort, active or completed.")
    ] = None,
) -> JsonBytes:
    """The organization's students and how each does over all courses. Role admin."""
    course, cohort = (str(given) if given else None for given in (course_id, cohort_id))
    return await personal(request, STUDENTS, sort, str(order == "desc"), course, cohort, *page.arguments())


@post(
    "/students/performance/recalculate",
    status_code=200,
    summary="Recalculate students' performance",
    responses=responses(Recalculation, 401, 403, 404, 413, 415, 422, accepted=True),
)
async def recalculate(request: Request[Any, Any, Any], data: JSONBody[RecalculationRequest]) -> JsonBytes:
    """Count these students' numbers again from their facts, and add what differs. Role admin.

    Up to 100 students at once (200); more in the background (202: `Location` says where to ask).
    """
    students = "{" + ",".join(map(str, data.student_ids)) + "}"
    answer = await personal(request, RECALCULATE, students)
    recalculation = msgspec.json.decode(answer.body, type=Recalculation)
    if recalculation.state == "queued":
        answer.status = 202
        answer.location = f"/api/v1/admin/students/performance/recalculations/{recalculation.id}"
    return answer


@get(
    "/students/performance/recalculations/{recalculation_id:uuid}",
    summary="How far a recalculation is",
    responses=responses(Recalculation, 401, 403, 404, fresh=True),
)
async def recalculation(
    request: Request[Any, Any, Any],
    recalculation_id: Annotated[UUID, PathParameter(description="Its id.")],
) -> JsonBytes:
    """A recalculation that an admin of the organization asked for; kept for a month. Role admin."""
    return await personal(request, RECALCULATION, str(recalculation_id))


ROUTER = dashboard("admin", [students_performance, recalculate, recalculation])
