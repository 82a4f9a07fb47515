"""Spans, as a collector gets them: a real one's end of OTLP over HTTP, which decodes what comes."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api.settings import Settings
from api.telemetry import tracer
from tests.api.process import ROOT, environment, free_port, served, until
from tests.api.support import People, bearer, token
from tests.support.servers import Database

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """What was sent."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.spans: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.bodies = b""
        self.headers: dict[str, str] = {}

    def named(self, name: str) -> Any:
        """The first span with this name, once it is there."""
        until(lambda: any(span.name == name for span in self.spans))
        return next(span for span in self.spans if span.name == name)


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
            collector.bodies += body
            collector.headers = {name.lower(): value for name, value in self.headers.items()}
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                collector.resources.append(attributes(group.resource))
                for scope in group.scope_spans:
                    collector.spans += scope.spans
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def attributes(thing: Any) -> dict[str, Any]:
    """Its attributes, by name."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in thing.attributes}


def test_a_request_is_a_span_of_the_callers_trace(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    value = token(people.ada, people.org, "student")
    path = f"/api/v1/parent/students/{people.ben}/performance"
    with (
        collecting() as collector,
        served(
            database,
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_HEADERS="x-key=the%20key",
            OTEL_SERVICE_NAME="our-school",
        ) as server,
    ):
        server.client.get(
            f"{path}?token=hidden-token",
            headers=bearer(value)
            | {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "mine", "Cookie": "a=hidden-cookie"},
        )
        server.client.get("/nowhere", headers={"traceparent": "00-zero-junk"})
        with database.connect() as db:
            db.execute("drop function api.release()")
        server.client.get("/health/ready")
        server.process.terminate()
        assert server.process.wait(60) == 0, "and a stop sends what is left"

        span = collector.named("GET /api/v1/parent/students/{student_id}/performance")
        assert (span.trace_id.hex(), span.parent_span_id.hex(), span.kind) == (TRACE, PARENT, 2)
        said = attributes(span)
        expected = {
            "http.request.method": "GET",
            "http.route": "/api/v1/parent/students/{student_id}/performance",
            "http.response.status_code": 403,
            "url.scheme": "http",
            "url.path": path,
            "homeroom.request_id": "mine",
            "homeroom.org": people.org,
            "homeroom.role": "student",
        }
        assert said | expected == said
        assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9
        assert span.status.code == 0, "the client's mistake is no failure of ours"

        unknown = collector.named("GET")
        assert "http.route" not in attributes(unknown) and not unknown.parent_span_id
        failed = collector.named("GET /health/ready")
        assert failed.status.code == 2 and attributes(failed)["error.type"] == "503"

        assert collector.resources[0]["service.name"] == "our-school"
        assert collector.headers["x-key"] == "the key"
        assert b"hidden" not in collector.bodies and value.encode() not in collector.bodies


def test_a_kept_answer_is_a_span_too(database: Database, tmp_path: Path) -> None:
    with database.connect() as db:
        people = People(db)
    path = "/api/v1/student/performance"
    headers = bearer(token(people.ada, people.org, "student"))
    with (
        collecting() as collector,
        served(database, tmp_path, CACHE_ENABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as server,
    ):

        def kept() -> bool:
            answer = server.client.get(path, headers=headers | {"traceparent": f"00-{TRACE}-{PARENT}-01"})
            return "db;dur=0.0," in answer.headers["server-timing"]

        until(kept)
        server.process.terminate()
        assert server.process.wait(60) == 0
        spans = [span for span in collector.spans if span.name == f"GET {path}"]
        hit = next(span for span in spans if attributes(span)["homeroom.cached"])
        assert (hit.trace_id.hex(), hit.parent_span_id.hex()) == (TRACE, PARENT)
        said = attributes(hit)
        assert (said["http.route"], said["http.response.status_code"]) == (path, 200)
        assert (said["homeroom.database.seconds"], said["homeroom.role"]) == (0, "student")


def test_a_trace_that_is_not_sampled_is_not_sent(database: Database, tmp_path: Path) -> None:
    with (
        collecting() as collector,
        served(database, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=f"{collector.url}/") as server,
    ):
        server.client.get("/docs", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
        server.client.get("/docs/start.js")
        collector.named("GET /docs/{name}")
        assert all(span.name != "GET /docs" for span in collector.spans)


def test_what_a_caller_sends_makes_no_span_large(database: Database, tmp_path: Path) -> None:
    with (
        collecting() as collector,
        served(database, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as server,
    ):
        members = ",".join(f"k{number}={'v' * 200}" for number in range(30))
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": members}
        server.client.get(f"/{'x' * 50_000}", headers=headers)
        span = collector.named("GET")
        assert len(attributes(span)["url.path"]) == 1024
        assert span.trace_state == "" and span.trace_id.hex() == TRACE, (
            "it is of the caller's trace all the same"
        )
        server.client.get("/docs", headers=headers | {"tracestate": "k=short"})
        assert collector.named("GET /docs").trace_state == "k=short"


def test_a_collector_that_is_away_costs_a_line_and_nothing_else(database: Database, tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    others = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with served(database, tmp_path, **others) as server:
        for _ in range(50):
            assert server.client.get("/health/live").status_code == 200
        until(lambda: any("spans are lost" in line["event"] for line in server.lines()))
        for _ in range(50):
            assert server.client.get("/health/live").status_code == 200
        server.process.terminate()
        assert server.process.wait(60) == 0
        told = [line for line in server.lines() if "span" in line["event"] or "otel" in str(line).lower()]
        assert len(told) == 1 and told[0]["level"] == "warning"


def test_nothing_is_made_where_nothing_is_configured() -> None:
    assert tracer(Settings()) is None


def test_without_the_packages_the_setting_is_wrong(database: Database) -> None:
    block = "import sys; sys.modules['opentelemetry.sdk.trace'] = None; from api.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", block, "serve"],
        cwd=ROOT,
        env=environment(database, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set" in ended.stderr and "homeroom[telemetry]" in ended.stderr


def test_an_endpoint_that_is_none_is_a_wrong_setting(database: Database) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "serve"],
        cwd=ROOT,
        env=environment(database, OTEL_EXPORTER_OTLP_ENDPOINT="user:hunter2@collector:4318"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "OTEL_EXPORTER_OTLP_ENDPOINT must be" in ended.stderr and "hunter2" not in ended.stderr


@pytest.mark.parametrize("text", ["", "a=b", "a=b,c=%20d", "junk,a=b"])
def test_headers_are_read_as_opentelemetry_writes_them(text: str) -> None:
    from api.telemetry import _headers

    expected = {"": {}, "a=b": {"a": "b"}, "a=b,c=%20d": {"a": "b", "c": "d"}, "junk,a=b": {"a": "b"}}
    assert _headers(text) == expected[text]
