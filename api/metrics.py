"""The database's gauges, and those of this process's feed, in Prometheus' text format."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.feed import Feed

CONTENT_TYPE = "text/plain; version=0.0.4"


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


class _Feed(Collector):
    """How the feed of this process fares. Of several processes one answers: its id is a label."""

    def __init__(self, feed: Feed) -> None:
        self._hub = feed.hub
        self._reader = feed.reader

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        process = str(os.getpid())
        lag = GaugeMetricFamily(
            "homeroom_feed_lag_seconds", "For how long what happens may have gone unseen.", labels=["process"]
        )
        lag.add_metric([process], self._reader.lag)
        yield lag
        connected = GaugeMetricFamily(
            "homeroom_feed_connected", "Whether the connection that listens is up.", labels=["process"]
        )
        connected.add_metric([process], self._reader.connected)
        yield connected
        clients = GaugeMetricFamily(
            "homeroom_stream_clients", "Open streams, by kind.", labels=["process", "kind"]
        )
        open_streams = self._hub.connected()
        for kind in ("sse", "socket"):
            clients.add_metric([process, kind], open_streams[kind])
        yield clients
        events = CounterMetricFamily(
            "homeroom_feed_events", "Events read, whether anybody heard them or not.", labels=["process"]
        )
        events.add_metric([process], self._hub.counts["events"])
        yield events
        cuts = CounterMetricFamily(
            "homeroom_stream_cuts",
            "Clients that fell behind or had to start afresh, and streams that ended; by reason.",
            labels=["process", "reason"],
        )
        for reason in (
            "behind",
            "slow",
            "reset",
            "expired",
            "refused",
            "unavailable",
            "silent",
            "misbehaved",
        ):
            cuts.add_metric([process, reason], self._hub.counts[reason])
        yield cuts


def exposition(answer: bytes, feed: Feed) -> bytes:
    """What Prometheus scrapes. answer: the JSON of api.metrics()."""
    registry = CollectorRegistry()
    registry.register(_Answer(msgspec.json.decode(answer, type=list[Gauge])))
    registry.register(_Feed(feed))
    return generate_latest(registry)
