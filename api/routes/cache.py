"""The response caches of all processes, for admins: how they fare, and what they are told."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import QueryParameter

from api.cache_documents import CacheStats, Invalidation, Warming
from api.database import DatabaseError, Function
from api.endpoint import JsonBytes, dashboard, personal, responses
from api.patterns import PATHS

STATS = Function("cache_stats", "jsonb")
INVALIDATE = Function("cache_invalidate", "jsonb", "text", "uuid")
WARM = Function("cache_warm", "jsonb")


@get("/stats", operation_id="CacheStats", summary="How they fare", responses=responses(CacheStats, 401, 403))
async def stats(request: Request[Any, Any, Any]) -> JsonBytes:
    """The numbers of every process, and of all together. Role admin."""
    answer = await personal(request, STATS)
    answer.cache_control = b"no-store"
    return answer


@post(
    "/invalidate",
    status_code=202,
    operation_id="InvalidateCache",
    summary="Forget answers",
    responses=responses(Invalidation, 401, 403, 404, 422, success=202),
)
async def invalidate(
    request: Request[Any, Any, Any],
    pattern: Annotated[
        str | None,
        QueryParameter(
            description="Only answers to paths like this, with * for any characters: `/api/v1/student/*`.",
            max_length=200,
            pattern=PATHS,
        ),
    ] = None,
    person: Annotated[UUID | None, QueryParameter(description="Only this person's answers.")] = None,
) -> JsonBytes:
    """Have every process forget answers of my organization. Never needed: they forget what is out of date.

    This process has forgotten them when it answers, the others within CACHE_LEASE_SECONDS. Role admin.
    """
    # A pattern that is misspelt must not be one that fits everything.
    if unknown := set(request.query_params) - {"pattern", "person"}:
        raise DatabaseError("HR422", "there is no such parameter", detail=min(unknown))
    answer = await personal(request, INVALIDATE, pattern, str(person) if person else None)
    answer.status = 202
    return answer


@post(
    "/warm",
    status_code=202,
    operation_id="WarmCache",
    summary="Make answers ahead",
    responses=responses(Warming, 401, 403, success=202),
)
async def warm(request: Request[Any, Any, Any]) -> JsonBytes:
    """Have every process make the dashboards of who was about lately in my organization. Role admin.

    A job does so every five minutes.
    """
    answer = await personal(request, WARM)
    answer.status = 202
    return answer


ROUTER = dashboard("cache", [stats, invalidate, warm], path="/dashboard/cache")
