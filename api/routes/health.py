"""What load balancers, supervisors and Prometheus ask."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from api.database import DatabaseError, Function
from api.documents import Alive, Ready, Release
from api.endpoint import JsonBytes, Services, responses
from api.errors import ApiError, Checks, status_of
from api.metrics import CONTENT_TYPE, exposition
from api.visit import waiting

HEALTH = Function("health")
METRICS = Function("metrics")
METRICS_RESPONSES = responses(Alive) | {
    200: ResponseSpec(str, generate_examples=False, description="Metrics.", media_type=CONTENT_TYPE)
}
OK = "ok"
UNKNOWN = "unknown"
DEAF_SECONDS = 10.0
"""How much longer than its poll the feed's reader may take: a socket that is half open says nothing."""


class Worker(Struct):
    """What the database says of whatever runs the jobs."""

    heard: bool
    silent: float | None


class Health(Struct):
    """The answer of api.health()."""

    release: Release | None
    worker: Worker


@get("/health/live", tags=["health"], summary="Is the process alive?", responses=responses(Alive))
async def live() -> JsonBytes:
    """Whether the process answers at all. If not, restart it."""
    return JsonBytes(b'{"status":"alive"}', b"no-store")


@get("/health/ready", tags=["health"], summary="Is all as it should be?", responses=responses(Ready))
async def ready(request: Request[Any, Any, Any]) -> JsonBytes:
    """Whether requests can be served, and what they stand on does its work.

    The database answers, and runs the code of this release; this process hears of changes; a worker was heard
    from within the last minute. If not (503), `checks` says what fails; send requests elsewhere.
    """
    services: Services = request.app.state.services
    feed = services.feed
    checks = {"database": OK, "migrations": OK, "listen": OK, "worker": OK}
    if not feed.reader.connected:
        checks["listen"] = "The connection that hears of changes is down."
    elif feed.reader.lag > feed.poll_seconds + DEAF_SECONDS:
        checks["listen"] = f"Nothing was read for {feed.reader.lag:.0f} seconds."
    try:
        with waiting():
            answer = await services.database.call(HEALTH)
    except DatabaseError as error:
        if status_of(error.sqlstate) != 503:
            raise
        checks |= {"database": "The database does not answer.", "migrations": UNKNOWN, "worker": UNKNOWN}
        if error.sqlstate in ("3F000", "42883"):
            checks |= {"database": OK, "migrations": "The database was not migrated: run `homeroom migrate`."}
        raise _not_ready(checks, error.sqlstate) from error
    health = msgspec.json.decode(answer, type=Health)
    if health.release is None or health.release.digest != services.release:
        checks["migrations"] = "The database is of another release: run `homeroom migrate`."
    if not health.worker.heard:
        silent = health.worker.silent
        checks["worker"] = (
            "No worker was ever heard from: run `homeroom work`."
            if silent is None
            else f"No worker was heard from for {silent:.0f} seconds."
        )
    if health.release is None or set(checks.values()) != {OK}:
        raise _not_ready(checks)
    body = Ready(health.release.digest, health.release.migration, "ready", Checks(**checks))
    return JsonBytes(msgspec.json.encode(body), b"no-store")


@get("/metrics", tags=["health"], summary="How is it?", responses=METRICS_RESPONSES)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The numbers of all processes and of the database: Prometheus' text format, no token asked.

    While the database is away, those of the process that answers.
    """
    services: Services = request.app.state.services
    with waiting():  # between rounds too: they rest for the database's sake
        body = await services.rounds.next(lambda: told(services))
    return Response(body, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


async def told(services: Services) -> bytes:
    """The metrics as they are now."""
    try:
        gauges, processes = await asyncio.gather(
            services.database.call(METRICS), services.reporter.processes()
        )
        return exposition(gauges, processes)
    except DatabaseError as error:
        if status_of(error.sqlstate) != 503:
            raise
        return exposition(None, [services.reporter.here()])


def _not_ready(checks: dict[str, str], code: str = "HR503") -> ApiError:
    """The refusal that names what fails."""
    failing = [f"{name}: {state}" for name, state in checks.items() if state != OK]
    return ApiError(code, " ".join(failing), checks=Checks(**checks))


HANDLERS = [live, ready, metrics]
