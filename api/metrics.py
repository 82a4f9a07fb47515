"""All that Prometheus is told, in its text format: the database's gauges, and the numbers of every process.

A process has its name as a label: counters of several that were added up would seem to have been reset
whenever one of them ends. What stands for all of them, rates and quantiles, is computed from what they told.
docs/monitoring.md explains each metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from api.report import Process
from api.traffic import BOUNDS, quantile

CONTENT_TYPE = "text/plain; version=0.0.4"
CACHE_NOW = {
    "entries": "Answers that are kept.",
    "bytes": "Memory that the kept answers take.",
    "limit_bytes": "How much memory they may take.",
}
"""Of the cache's numbers, those that go up and down; all others count."""
CUTS = ("behind", "slow", "reset", "expired", "refused", "unavailable", "silent", "misbehaved")


class Sample(Struct):
    """One value and what it is of."""

    labels: dict[str, str]
    value: float


class Gauge(Struct):
    """A metric, as api.metrics() answers it."""

    name: str
    help: str
    samples: list[Sample]


class _Answer(Collector):
    """One answer of the database, as a collector."""

    def __init__(self, gauges: list[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        for gauge in self._gauges:
            labels = list(gauge.samples[0].labels)
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=labels)
            for sample in gauge.samples:
                family.add_metric([sample.labels[label] for label in labels], sample.value)
            yield family


class _Processes(Collector):
    """What the processes of the API tell."""

    def __init__(self, processes: list[Process], *, database_up: bool) -> None:
        self._processes = processes
        self._database_up = database_up

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield _number("homeroom_database_up", "Whether the database answers.", self._database_up)
        if self._database_up:
            yield _number("homeroom_api_processes", "Processes of the API that run.", len(self._processes))
        yield from self._overall()
        yield from self._traffic()
        yield from self._cache()
        yield from self._feed()
        yield from self._pool()
        yield from self._limits()

    def _overall(self) -> Iterator[Metric]:
        """The last five minutes of all processes together."""
        windows = [process.stats.traffic.window for process in self._processes]
        hits, misses = sum(w.hits for w in windows), sum(w.misses for w in windows)
        yield _number(
            "dashboard_cache_hit_rate",
            "Of the requests within 5 minutes whose answers may be kept, the share that a response cache "
            "answered; NaN without any.",
            hits / (hits + misses) if hits + misses else float("nan"),
        )
        yield _number(
            "dashboard_p95_latency",
            "Seconds within which 95 of 100 requests for dashboards of the last 5 minutes were answered; NaN "
            "without any.",
            quantile(0.95, [sum(counts) for counts in zip(*(w.latency for w in windows), strict=True)]),
        )

    def _traffic(self) -> Iterator[Metric]:
        latency = HistogramMetricFamily(
            "dashboard_latency_seconds",
            "How long requests for dashboards took; streams, until they began.",
            labels=["process"],
        )
        hits = _counter("dashboard_cache_hits", "Requests answered from the response cache.")
        misses = _counter("dashboard_cache_misses", "Requests that the response cache had no answer for.")
        requests = _counter("homeroom_requests", "Requests answered.", "route", "method", "status")
        for process in self._processes:
            traffic = process.stats.traffic
            bounds = [str(bound) for bound in BOUNDS] + ["+Inf"]
            buckets = list(zip(bounds, accumulate(traffic.latency), strict=True))
            latency.add_metric([process.name], buckets, traffic.seconds)
            hits.add_metric([process.name], traffic.hits)
            misses.add_metric([process.name], traffic.misses)
            for each in traffic.routes:
                for status, number in each.statuses.items():
                    requests.add_metric([process.name, each.route, each.method, status], number)
        yield from (latency, hits, misses, requests)

    def _cache(self) -> Iterator[Metric]:
        events = _counter("homeroom_cache_events", "What happened to the response cache.", "event")
        for process in self._processes:
            for name, number in process.stats.cache.items():
                if name not in CACHE_NOW:
                    events.add_metric([process.name, name], number)
        yield events
        for name, text in CACHE_NOW.items():
            yield self._gauge(
                f"homeroom_cache_{name}", text, {p.name: p.stats.cache.get(name, 0) for p in self._processes}
            )

    def _feed(self) -> Iterator[Metric]:
        feeds = {process.name: process.stats.feed for process in self._processes}
        yield self._gauge(
            "homeroom_feed_lag_seconds",
            "For how long what happens may have gone unseen.",
            {name: feed.lag for name, feed in feeds.items()},
        )
        yield self._gauge(
            "homeroom_feed_connected",
            "Whether the connection that listens is up.",
            {name: feed.connected for name, feed in feeds.items()},
        )
        clients = GaugeMetricFamily(
            "homeroom_stream_clients", "Open streams, by kind.", labels=["process", "kind"]
        )
        read = _counter("homeroom_feed_events", "Events read, whether anybody heard them or not.")
        delivered = _counter("homeroom_stream_events_delivered", "Events handed to clients, each to each.")
        cuts = _counter(
            "homeroom_stream_cuts",
            "Clients that fell behind or had to start afresh, and streams that ended; by reason.",
            "reason",
        )
        for name, feed in feeds.items():
            for kind in ("sse", "socket"):
                clients.add_metric([name, kind], feed.clients.get(kind, 0))
            read.add_metric([name], feed.counts.get("events", 0))
            delivered.add_metric([name], feed.counts.get("delivered", 0))
            for reason in CUTS:
                cuts.add_metric([name, reason], feed.counts.get(reason, 0))
        yield from (clients, read, delivered, cuts)

    def _pool(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "homeroom_pool_connections",
            "Connections to the database: how many there may be (size), are open, and are at work (busy).",
            labels=["process", "state"],
        )
        for process in self._processes:
            for state in ("size", "open", "busy"):
                connections.add_metric([process.name, state], process.stats.pool.get(state, 0))
        yield connections
        yield self._gauge(
            "homeroom_pool_waiting",
            "Calls that wait for a connection to the database.",
            {process.name: process.stats.pool.get("waiting", 0) for process in self._processes},
        )

    def _limits(self) -> Iterator[Metric]:
        refused = _counter("homeroom_rate_limit_rejections", "Requests refused, by rule.", "rule")
        leases = _counter("homeroom_rate_limit_leases", "Batches of requests leased from the store.")
        failures = _counter(
            "homeroom_rate_limit_store_failures",
            "Times that the store of the rate limits failed or was slow.",
        )
        passed = _counter("homeroom_rate_limit_passed", "Requests that passed uncounted for that.")
        for process in self._processes:
            limits = process.stats.limits
            for rule, number in limits.refused.items():
                refused.add_metric([process.name, rule], number)
            leases.add_metric([process.name], limits.leases)
            failures.add_metric([process.name], limits.failures)
            passed.add_metric([process.name], limits.passed)
        yield from (refused, leases, failures, passed)

    @staticmethod
    def _gauge(name: str, text: str, values: dict[str, float]) -> GaugeMetricFamily:
        """A gauge of each process. values: by its name."""
        family = GaugeMetricFamily(name, text, labels=["process"])
        for process, value in values.items():
            family.add_metric([process], value)
        return family


def _number(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    """A counter of each process, to be filled."""
    return CounterMetricFamily(name, text, labels=["process", *labels])


def exposition(answer: bytes | None, processes: list[Process]) -> bytes:
    """What Prometheus scrapes. answer: the JSON of api.metrics(), None while the database is away."""
    registry = CollectorRegistry()
    if answer is not None:
        registry.register(_Answer(msgspec.json.decode(answer, type=list[Gauge])))
    registry.register(_Processes(processes, database_up=answer is not None))
    return generate_latest(registry)
