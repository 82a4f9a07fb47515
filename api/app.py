"""The ASGI application, and the server that runs it."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import uvicorn
from litestar import Litestar, Response, Router
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from api import errors, logs
from api.auth import Authenticator
from api.body import JsonRequest
from api.cache import Cache
from api.connections import room_for
from api.cors import cors
from api.database import Database
from api.description import Described, WithHeaders
from api.desk import Desk
from api.edge import Edge
from api.endpoint import Services
from api.feed import Feed
from api.headers import SecurityHeaders
from api.limits import Limits
from api.protocol import BODY_BYTES, Http
from api.proxies import Proxied
from api.purge import Purge
from api.report import Reporter
from api.request_log import RequestLog
from api.rounds import Rounds
from api.routes import (
    admin,
    alerts,
    cache,
    demo,
    director,
    docs,
    events,
    health,
    parent,
    session,
    streams,
    student,
    teacher,
    tutor,
)
from api.settings import Settings, load
from api.socket_protocol import Socket
from api.telemetry import tracer
from api.traffic import Traffic
from api.warm import Warmer
from db.server.become import PR_SET_PDEATHSIG
from db.tree import release_digest

HANDLERS: list[HTTPRouteHandler | Router] = [
    *health.HANDLERS,
    *docs.HANDLERS,
    student.ROUTER,
    parent.ROUTER,
    teacher.ROUTER,
    tutor.ROUTER,
    director.ROUTER,
    alerts.ROUTER,
    admin.ROUTER,
    events.ROUTER,
    cache.ROUTER,
    streams.ROUTER,
    session.ROUTER,
]
STOP_SECONDS = 10
"""How long requests in flight may take to finish when the server is asked to stop."""

SERVER: dict[str, Any] = {
    "loop": "uvloop",
    "http": Http,
    "ws": Socket,
    "ws_max_size": 65_536,
    "ws_per_message_deflate": False,  # it would cost each client more memory than all else together
    "access_log": False,
    "log_config": None,  # api.logs has configured it
    "server_header": False,
    "proxy_headers": False,  # api.proxies heeds them, if proxies are trusted
    "timeout_graceful_shutdown": STOP_SECONDS,
}
"""How uvicorn runs the application, wherever it does."""


def create_app(
    settings: Settings,
    handlers: Sequence[HTTPRouteHandler | Router] = HANDLERS,
    *,
    body_bytes: int = BODY_BYTES,
) -> Edge:
    """The ASGI application. Raises SettingsError when there is no database or no key for tokens.

    handlers, body_bytes: other than Homeroom's own, for tests of what is around them.
    """
    database = Database(
        settings.api_conninfo(),
        size=settings.database_pool_size,
        statement_timeout=settings.database_statement_timeout,
        pooler=settings.database_pooler,
    )
    authenticator = Authenticator(settings, database=database)
    kept = Cache(
        limit_bytes=settings.cache_bytes if settings.cache_enabled else 0,
        lease_seconds=settings.cache_lease_seconds,
        ttl_seconds=settings.cache_ttl_default,
    )
    security = SecurityHeaders(settings)
    warmer = Warmer(kept, database, security, lambda: feed.hub.cursor)
    purge = Purge(kept, authenticator, warmer.order)
    feed = Feed(settings, database, purge)
    desk = Desk(
        authenticator=authenticator,
        limits=Limits(settings, database),
        cache=kept,
        purge=purge,
        database=database,
        security=security,
        cors=cors(settings),
        traffic=Traffic(),
        log=RequestLog(settings),
        telemetry=tracer(settings),
        compresses=settings.compression_enabled,
        pages={},
    )
    reporter = Reporter(database, traffic=desk.traffic, cache=kept, feed=feed, limits=desk.limits)
    services = Services(
        authenticator, database, feed, kept, reporter, desk.limits, Rounds(), release_digest()
    )

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await database.open()
        desk.log.start()
        desk.limits.start()
        feed.start()
        reporter.start()
        try:
            yield
        finally:
            await warmer.stop()
            await feed.stop()
            await desk.limits.stop()
            await reporter.stop()
            await database.close()
            await desk.log.stop()
            if desk.telemetry is not None:
                await desk.telemetry.stop()

    return Edge(
        Litestar(
            [*handlers, *(demo.HANDLERS if settings.demo_page else ())],
            exception_handlers={Exception: errors.answer},
            lifespan=[lifespan],
            logging_config=None,  # api.errors and api.logs do that
            openapi_config=_openapi(),
            plugins=[Described()],
            request_class=JsonRequest,
            request_max_body_size=body_bytes,
            state=State({"services": services}),
        ),
        desk,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests in flight and exit 0 (SystemExit) or return.

    Raises SettingsError before anything is served.
    """
    logs.configure(settings.log_level)
    _bound(settings)
    app = _application(settings)
    _let_be()
    # uvicorn stops gracefully at a signal, and then raises it again for whoever listened before.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    alone = settings.dashboard_workers == 1
    if not alone:
        os.environ.update(settings.environment())
    uvicorn.run(
        app if alone else "api.app:from_environment",
        factory=not alone,
        host=settings.dashboard_host,
        port=settings.dashboard_port,
        workers=settings.dashboard_workers,
        **SERVER,
    )


def _bound(settings: Settings) -> None:
    """Set what clients of this process may take."""
    Http.request_seconds = settings.request_timeout
    Http.connections_at_once = room_for(settings.dashboard_connections, settings.database_pool_size)


def _application(settings: Settings) -> Edge | Proxied:
    """The application as it is served."""
    edge = create_app(settings)
    trusted = settings.proxies()
    return Proxied(edge, trusted) if trusted else edge


def from_environment() -> Edge | Proxied:
    """The application of one of several worker processes: they learn the settings from their environment."""
    _end_with_parent()
    settings = load(os.environ)
    logs.configure(settings.log_level)
    _bound(settings)
    app = _application(settings)
    _let_be()
    return app


def _let_be() -> None:
    """Have the garbage collector pass over what is there now: it lives as long as the process.

    Each full collection would go through all of it, and every request on its way would wait for that: the
    slowest hundredth took six times as long.
    """
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """Have the kernel end this worker when its parent is killed, so that nobody keeps the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        parent = multiprocessing.parent_process()
        if parent is not None and os.getppid() != parent.pid:
            sys.exit("the parent died first")


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Homeroom",
        version=version("homeroom"),
        description="Dashboards of a learning platform. Errors are problem documents (RFC 9457).",
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
        openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, after_request=_found),
        render_plugins=[WithHeaders()],
        use_handler_docstrings=True,
    )


def _found(response: Response[Any]) -> Response[Any]:
    """For unknown paths below /schema, Litestar has a page of its own; our errors are problems everywhere."""
    if response.status_code == 404:
        raise errors.ApiError("HR404")
    return response
