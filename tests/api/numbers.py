"""GET /metrics as numbers, for tests that see them move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Numbers:
    """One answer of /metrics."""

    def __init__(self, text: str) -> None:
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]
        self.names = {sample.name for sample in self.samples}

    def __getitem__(self, name: str) -> float:
        """The sum over all samples of the name. KeyError without one."""
        return self.of(name)

    def of(self, name: str, **labels: str) -> float:
        """The sum over all processes and over all labels but these."""
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        if not found:
            raise KeyError((name, labels))
        return sum(found)

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """The sums by a label."""
        sums: defaultdict[str, float] = defaultdict(float)
        for sample in self.samples:
            if sample.name == name:
                sums[sample.labels[label]] += sample.value
        return sums


def scrape(client: httpx.Client) -> Numbers:
    """What Prometheus gets now."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return Numbers(answer.text)
