"""What directors read about their programs, and admins about all of the organization's."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from api.database import Function
from api.director_documents import CohortDashboard, CohortList, DirectorSummary, Mode, Status
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.paging import PAGED, Page

SUMMARY = Function("director_summary", "jsonb", brief=True, kept=True)
COHORTS = Function(
    "director_cohorts", "jsonb", "text", "uuid", "uuid", "text", "text", "boolean", "integer", "text"
)
COHORT = Function("director_cohort", "jsonb", "uuid", brief=True, kept=True)
REFRESH = Function("director_refresh", "jsonb")
COHORT_REFRESH = Function("director_cohort_refresh", "jsonb", "uuid")

Sort = Literal[
    "name",
    "starts_on",
    "ends_on",
    "seats_total",
    "seats_used",
    "seat_utilization",
    "readiness",
    "completion_rate",
    "portfolio_health",
    "mentor_coverage",
    "session_completion",
]
CohortId = Annotated[UUID, PathParameter(description="The cohort.")]


@get(
    "/dashboard/summary",
    operation_id="DirectorSummary",
    summary="My programs",
    responses=responses(DirectorSummary, 401, 403, fresh=True),
)
async def summary(request: Request[Any, Any, Any]) -> JsonBytes:
    """How my programs stand, in numbers, and what is wrong. An admin's are all of the organization.

    Roles director and admin.
    """
    return await personal(request, SUMMARY)


@get(
    "/dashboard/cohorts",
    operation_id="DirectorCohorts",
    summary="My cohorts",
    responses=responses(CohortList, 401, 403, 422, fresh=True),
    dependencies=PAGED,
)
async def cohorts(
    request: Request[Any, Any, Any],
    page: NamedDependency[Page],
    status: Annotated[Status | None, QueryParameter(description="Only cohorts of this status.")] = None,
    track: Annotated[UUID | None, QueryParameter(description="Only cohorts of this track.")] = None,
    program: Annotated[UUID | None, QueryParameter(description="Only cohorts of this program.")] = None,
    mode: Annotated[Mode | None, QueryParameter(description="Only cohorts that meet in this way.")] = None,
    sort: Annotated[
        Sort, QueryParameter(description="By what the list is ordered; nulls come last.")
    ] = "name",
    order: Annotated[Literal["asc", "desc"], QueryParameter(description="Ascending or descending.")] = "asc",
) -> JsonBytes:
    """The cohorts of my tracks, a page of them, each with its numbers as of now. Roles director and admin."""
    of_track, of_program = (str(given) if given else None for given in (track, program))
    return await personal(
        request, COHORTS, status, of_track, of_program, mode, sort, str(order == "desc"), *page.arguments()
    )


@get(
    "/dashboard/cohorts/{cohort_id:uuid}",
    operation_id="DirectorCohort",
    summary="One of my cohorts",
    responses=responses(CohortDashboard, 401, 403, 404, fresh=True),
)
async def cohort(request: Request[Any, Any, Any], cohort_id: CohortId) -> JsonBytes:
    """Everything about a cohort of mine. Roles director and admin."""
    return await personal(request, COHORT, str(cohort_id))


@post(
    "/dashboard/refresh",
    status_code=200,
    operation_id="RefreshDirectorSummary",
    summary="Compute my summary anew",
    responses=responses(DirectorSummary, 401, 403),
)
async def refresh(request: Request[Any, Any, Any]) -> JsonBytes:
    """Compute my summary anew, and answer it. Never needed: a read is never out of date.

    Roles director and admin.
    """
    return await personal(request, REFRESH)


@post(
    "/dashboard/cohorts/{cohort_id:uuid}/refresh",
    status_code=200,
    operation_id="RefreshDirectorCohort",
    summary="Compute a cohort of mine anew",
    responses=responses(CohortDashboard, 401, 403, 404),
)
async def refresh_cohort(request: Request[Any, Any, Any], cohort_id: CohortId) -> JsonBytes:
    """Compute the page of a cohort of mine anew, evaluate its alerts, and answer it.

    Roles director and admin.
    """
    return await personal(request, COHORT_REFRESH, str(cohort_id))


ROUTER = dashboard("director", [summary, cohorts, cohort, refresh, refresh_cohort])
