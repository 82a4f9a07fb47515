"""The hot path's counters: what they add up to, within five minutes and since the start."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from api.traffic import BOUNDS, Traffic, quantile

ROUTE = "/api/v1/student/dashboard"


def test_answers_are_counted_by_route_method_and_status() -> None:
    traffic = Traffic()
    traffic.route("GET", ROUTE).add(200, 0.001, True)
    traffic.route("GET", ROUTE).add(200, 0.001, False)
    traffic.route("GET", ROUTE).add(304, 0.001, True)
    traffic.route("POST", ROUTE).add(429, 0.2, None)
    traffic.route("GET", "").add(404, 0.0001, None)
    report = traffic.report(0.0)
    found = {(each.route, each.method): each.statuses for each in report.routes}
    assert found == {
        (ROUTE, "GET"): {"200": 2, "304": 1},
        (ROUTE, "POST"): {"429": 1},
        ("other", "GET"): {"404": 1},
    }
    assert (report.hits, report.misses) == (2, 1)
    assert sum(report.latency) == 4, "of no route, no dashboard"
    assert report.seconds == pytest.approx(0.203)


def test_what_clients_make_up_makes_no_counters() -> None:
    traffic = Traffic()
    for number in range(5000):
        traffic.route(f"METHOD{number}", ROUTE).add(405, 0.001, None)
    for number in range(5000):
        traffic.route("GET", f"/{number}").add(404, 0.001, None)
    report = traffic.report(0.0)
    assert len(report.routes) <= 2001
    assert sum(sum(each.statuses.values()) for each in report.routes) == 10_000
    assert {each.method for each in report.routes} == {"other", "GET"}


def test_health_and_documentation_are_no_dashboards() -> None:
    traffic = Traffic()
    traffic.route("GET", "/health/ready").add(200, 9.0, None)
    traffic.route("GET", "/docs").add(200, 9.0, None)
    assert sum(traffic.report(0.0).latency) == 0


def test_the_window_is_the_last_five_minutes() -> None:
    traffic = Traffic()
    assert traffic.report(1000.0).window.hits == 0
    stats = traffic.route("GET", ROUTE)
    for second in range(0, 1200, 5):
        stats.add(200, 0.02 if second < 600 else 0.2, second >= 600)
        window = traffic.report(1005.0 + second).window
        assert window.seconds == min(second + 5, 300)
        assert window.hits + window.misses == sum(window.latency) == min(second // 5 + 1, 60)
    assert (window.hits, window.misses) == (60, 0)
    assert quantile(0.5, window.latency) > 0.15
    report = traffic.report(2210.0)
    assert (report.hits, report.misses) == (120, 120)


def test_before_the_second_report_the_window_is_what_there_was() -> None:
    traffic = Traffic()
    traffic.route("GET", ROUTE).add(200, 0.02, True)
    assert traffic.report(5.0).window.hits == 1
    assert traffic.report(5.0).window.hits == 1


def test_a_quantile_is_right_to_its_bucket() -> None:
    drawn = random.Random(1)
    times = [drawn.lognormvariate(-4, 1) for _ in range(5000)]
    traffic = Traffic()
    for seconds in times:
        traffic.route("GET", ROUTE).add(200, seconds, None)
    counts = traffic.report(0.0).latency
    true = statistics.quantiles(times, n=100)
    for percent in (50, 90, 95, 99):
        found = quantile(percent / 100, counts)
        bucket = next(n for n, upper in enumerate(BOUNDS) if true[percent - 1] <= upper)
        assert (BOUNDS[bucket - 1] if bucket else 0) <= found <= BOUNDS[bucket]


def test_a_quantile_of_nothing_is_none() -> None:
    assert math.isnan(quantile(0.95, [0] * (len(BOUNDS) + 1)))
    assert quantile(0.95, [0] * len(BOUNDS) + [3]) == BOUNDS[-1]
