"""What load balancers, supervisors and Prometheus ask."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from api.database import Function
from api.documents import Alive, Release
from api.endpoint import JsonBytes, Services, responses
from api.errors import ApiError
from api.metrics import CONTENT_TYPE, exposition

RELEASE = Function("release")
METRICS = Function("metrics")
METRICS_RESPONSES = responses(Alive) | {
    200: ResponseSpec(str, generate_examples=False, description="Gauges.", media_type=CONTENT_TYPE)
}


@get("/health/live", tags=["health"], summary="Is the process alive?", responses=responses(Alive))
async def live() -> JsonBytes:
    """Whether the process answers at all. If not, restart it."""
    return JsonBytes(b'{"status":"alive"}', b"no-store")


@get("/health/ready", tags=["health"], summary="Can it serve?", responses=responses(Release))
async def ready(request: Request[Any, Any, Any]) -> JsonBytes:
    """Whether requests can be served: the database answers, and runs the code of this release.

    If not (503), send requests elsewhere.
    """
    services: Services = request.app.state.services
    body = await services.database.call(RELEASE)
    released = msgspec.json.decode(body, type=Release | None)
    if released is None or released.digest != services.release:
        raise ApiError("HR503", "The database is of another release: run `homeroom migrate`.")
    return JsonBytes(body, b"no-store")


@get("/metrics", tags=["health"], summary="How is it?", responses=METRICS_RESPONSES)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Aggregates' drift, jobs, unfolded deltas, the feed: Prometheus' text format, no token asked."""
    services: Services = request.app.state.services
    body = exposition(await services.database.call(METRICS), services.feed)
    return Response(body, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


HANDLERS = [live, ready, metrics]
