"""OpenTelemetry: a span for each request, sent to a collector by OTLP over HTTP.

A span is made when its request is over, of what was measured anyway: nothing is added to the way of a
request. It goes on from the caller's `traceparent`. No query, header or token is in it. While the collector
is away spans are lost, and one log line says so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import structlog

from api.settings import Settings, SettingsError
from api.visit import Visit

if TYPE_CHECKING:  # of the extra `telemetry`
    from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 2
"""How long the collector may take; a stop waits no longer."""
ATTRIBUTE_LENGTH = 1024
"""Characters of a path that a span keeps: thousands of spans wait in memory for the collector."""
STATE_LENGTH = 512
"""A longer `tracestate` is not passed on: W3C's Trace Context asks for no more."""
UNROUTED = "(none)"
SERVER_ERROR = 500


class Telemetry:
    """The spans of this process."""

    def __init__(self, provider: TracerProvider) -> None:
        """provider: takes the spans."""
        from opentelemetry.propagators.textmap import Getter
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        class Headers(Getter[Mapping[bytes, bytes]]):
            """Headers as ASGI has them."""

            def get(self, carrier: Mapping[bytes, bytes], key: str) -> list[str] | None:
                value = carrier.get(key.encode())
                return None if value is None or len(value) > STATE_LENGTH else [value.decode("latin-1")]

            def keys(self, carrier: Mapping[bytes, bytes]) -> list[str]:
                return [name.decode("latin-1") for name in carrier]

        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("homeroom", version("homeroom"))  # type: ignore[assignment]
        self._propagator = TraceContextTextMapPropagator()
        self._getter = Headers()
        self._server = SpanKind.SERVER
        self._failed = Status(StatusCode.ERROR)

    def request(self, scope: Any, visit: Visit, status: int, seconds: float, route: str) -> None:
        """Note a request that is over; of a stream, that has begun.

        scope: ASGI's. seconds: how long it took. route: the template, not the path.
        """
        method = scope["method"]
        parent = None
        if b"traceparent" in visit.headers:
            parent = self._propagator.extract(visit.headers, getter=self._getter)
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "http.response.status_code": status,
            "url.scheme": scope["scheme"],
            "url.path": scope["path"],
            "network.protocol.version": scope.get("http_version", "1.1"),
            "homeroom.request_id": visit.id,
            "homeroom.cached": visit.hit is True,
            "homeroom.database.seconds": visit.database,
        }
        if route != UNROUTED:
            attributes["http.route"] = route
        if visit.verified is not None:
            attributes["homeroom.org"] = visit.verified.org
            attributes["homeroom.role"] = visit.verified.role
        if status >= SERVER_ERROR:
            attributes["error.type"] = str(status)
        ended = time.time_ns()
        span = self._tracer.start_span(
            method if route == UNROUTED else f"{method} {route}",
            context=parent,
            kind=self._server,
            attributes=attributes,
            start_time=ended - int(seconds * 1e9),
            record_exception=False,
        )
        if status >= SERVER_ERROR:
            span.set_status(self._failed)
        span.end(ended)

    async def stop(self) -> None:
        """Send what is left, if the collector takes it soon."""
        await asyncio.to_thread(self._provider.shutdown)


def tracer(settings: Settings) -> Telemetry | None:
    """What notes requests; None where no collector is configured. Raises SettingsError without the extra."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: "
            "pip install 'homeroom[telemetry]'"
        ) from None
    # One line of ours tells more than theirs, which come with every attempt.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces",
        headers=_headers(settings.otel_exporter_otlp_headers or ""),
        timeout=TIMEOUT_SECONDS,
    )
    resource = Resource.create(
        {SERVICE_NAME: settings.otel_service_name, SERVICE_VERSION: version("homeroom")}
    )
    # What the caller does not sample is not, as Trace Context has it: its collector would get halves. The log
    # has every request, and every error, whatever the caller says.
    limits = SpanLimits(max_attribute_length=ATTRIBUTE_LENGTH)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(BatchSpanProcessor(_quiet(exporter)))
    return Telemetry(provider)


def _headers(text: str) -> dict[str, str]:
    """`name=value` pairs, as OpenTelemetry writes them."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name).strip().lower(): unquote(value).strip() for name, _, value in pairs}


def _quiet(exporter: SpanExporter) -> SpanExporter:
    """The exporter, which says once that the collector is away, and once that it is back."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Quiet(SpanExporter):
        away = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            try:
                result = exporter.export(spans)
            except Exception:  # whatever it is: requests are served all the same
                result = SpanExportResult.FAILURE
            away = result is not SpanExportResult.SUCCESS
            if away and not self.away:
                log.warning("spans are lost: the OpenTelemetry collector does not take them")
            elif self.away and not away:
                log.info("spans are taken again")
            self.away = away
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Quiet()
