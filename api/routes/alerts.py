"""What directors and admins are alerted to, and that they know."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from api.alert_documents import Acknowledgement, Alert, AlertList, Severity
from api.database import Function
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.paging import PAGED, Page

ALERTS = Function("director_alerts", "jsonb", "text", "text", "uuid", "integer", "text")
ACKNOWLEDGE = Function("director_alert_acknowledge", "jsonb", "uuid", "text")


@get(
    "/dashboard/alerts",
    summary="Alerts about my cohorts",
    responses=responses(AlertList, 401, 403, 422, fresh=True),
    dependencies=PAGED,
)
async def alerts(
    request: Request[Any, Any, Any],
    page: NamedDependency[Page],
    status: Annotated[
        Literal["open", "closed", "all"], QueryParameter(description="Those that are open, closed, or all.")
    ] = "open",
    severity: Annotated[Severity | None, QueryParameter(description="Only these.")] = None,
    cohort_id: Annotated[UUID | None, QueryParameter(description="Only of this cohort.")] = None,
) -> JsonBytes:
    """What is or was wrong with the cohorts of my tracks, each with its history; an admin's are all of the
    organization. Roles director and admin.
    """
    cohort = str(cohort_id) if cohort_id else None
    return await personal(request, ALERTS, status, severity, cohort, *page.arguments())


@post(
    "/dashboard/alerts/{alert_id:uuid}/acknowledge",
    status_code=200,
    summary="Acknowledge an alert",
    responses=responses(Alert, 401, 403, 404, 413, 415, 422),
)
async def acknowledge(
    request: Request[Any, Any, Any],
    alert_id: Annotated[UUID, PathParameter(description="The alert.")],
    data: JSONBody[Acknowledgement],
) -> JsonBytes:
    """Say that an alert about a cohort of mine is known, with a note or `{}`. Once: whoever says so again is
    answered what was said first. Roles director and admin.
    """
    return await personal(request, ACKNOWLEDGE, str(alert_id), data.note)


ROUTER = dashboard("director", [alerts, acknowledge])
