"""The database's gauges in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

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


def exposition(answer: bytes) -> bytes:
    """What Prometheus scrapes. answer: the JSON of api.metrics()."""
    registry = CollectorRegistry()
    registry.register(_Answer(msgspec.json.decode(answer, type=list[Gauge])))
    return generate_latest(registry)
