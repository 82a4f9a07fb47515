"""deploy/prometheus: rules that parse and speak of nothing but what /metrics tells. And the page about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.numbers import Numbers, scrape
from tests.api.support import School, hear_worker

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
OF_PROMETHEUS = {"up": {"job", "instance"}}
ADDED = {"job", "instance"}
SEVERITIES = {"critical", "warning", "info"}
RULES: list[dict[str, Any]] = [
    rule
    for group in msgspec.yaml.decode((PROMETHEUS / "alerts.yml").read_bytes())["groups"]
    for rule in group["rules"]
]
WANTED = {
    "queue_depth": "> 1000",
    "refresh_worker_lag": "> 300",
    "dashboard_cache_hit_rate": "< 0.95",
    "dashboard_p95_latency": "> 0.1",
    "homeroom_aggregate_drift": "> 0",
}
"""What there has to be a rule for, and how it compares."""


@pytest.fixture
def told(own_school: School) -> Numbers:
    """What a server tells when there is something of everything."""
    hear_worker(own_school.database)
    with own_school.database.connect() as db:
        db.execute("select ops.verify()")
        for statement in ("call ops.run_due_jobs()", "update ops.job_run set next_due = now()"):
            db.execute(statement.encode())
        db.execute("call ops.run_due_jobs()")
    own_school.get("/api/v1/student/performance", own_school.ada, "student")
    return scrape(own_school.client)


def parts(expression: promql_parser.Expr) -> Iterator[Any]:
    """The nodes of an expression."""
    found: list[Any] = []
    promql_parser.walk(expression, lambda node: found.append(node))
    yield from found


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_is_whole_and_speaks_of_what_is_told(rule: dict[str, Any], told: Numbers) -> None:
    assert rule["labels"]["severity"] in SEVERITIES
    assert set(rule["annotations"]) == {"summary", "action"}
    if "for" in rule:
        promql_parser.parse_duration(rule["for"])
    labels = {name: set[str]() for name in told.names}
    for sample in told.samples:
        labels[sample.name] |= set(sample.labels) | ADDED
    expression = promql_parser.parse(rule["expr"])
    selectors = [p for p in parts(expression) if isinstance(p, promql_parser.VectorSelector)]
    assert selectors
    known = set[str]()
    for selector in selectors:
        available = {**labels, **OF_PROMETHEUS}
        assert selector.name in available
        assert {matcher.name for matcher in selector.matchers.matchers} <= available[selector.name]
        known |= available[selector.name]
    for aggregate in (p for p in parts(expression) if isinstance(p, promql_parser.AggregateExpr)):
        if aggregate.modifier is not None:
            assert set(aggregate.modifier.labels) <= known
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert shown <= known


def test_each_alert_has_its_own_name() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("metric", WANTED)
def test_what_was_asked_for_is_watched(metric: str) -> None:
    comparisons = {promql_parser.parse(rule["expr"]).prettify() for rule in RULES}
    pattern = re.compile(rf"\b{metric}\b\)?\s*{re.escape(WANTED[metric])}\b")
    assert any(pattern.search(" ".join(shown.split())) for shown in comparisons), comparisons


def test_the_scrape_finds_the_rules() -> None:
    settings = msgspec.yaml.decode((PROMETHEUS / "prometheus.yml").read_bytes())
    assert settings["rule_files"] == ["alerts.yml"]
    assert settings["scrape_configs"][0]["job_name"] == "homeroom"


def test_the_page_explains_every_metric_and_no_other(own_school: School, told: Numbers) -> None:
    text = own_school.client.get("/metrics").text
    families = {family.name for family in text_string_to_metric_families(text)}
    counters = {family.name for family in text_string_to_metric_families(text) if family.type == "counter"}
    exposed = {f"{name}_total" if name in counters else name for name in families}
    page = (ROOT / "docs/monitoring.md").read_text()
    explained = set(re.findall(r"^\| `([a-z]\w+)`", page, re.MULTILINE))
    assert explained == exposed
    for rule in RULES:
        assert f"`{rule['alert']}`" in page, "each alert is on the page"
