"""What this process answered: how often, and how fast. The counters of the hot path, plain numbers all.

A histogram and counters of prometheus_client take locks and look labels up at each request; these lists do
not, and api.metrics makes a report of them when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from msgspec import Struct

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets, in seconds; the last bucket, of what took longer, has none."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
DASHBOARDS = ("/api/v1/", "/dashboard/")
"""What the latency is about. Health, metrics and documentation are not, and nor are streams, which last."""
MOST_ROUTES = 2000
OTHER = "other"
WINDOW_SECONDS = 300.0


class Window(Struct):
    """What was counted of dashboards within the last five minutes."""

    seconds: float
    """How long that really was; less after a start."""
    hits: int
    misses: int
    latency: list[int]
    """Requests by bucket of BOUNDS."""


class RouteReport(Struct):
    """The requests of one route and method since the start."""

    route: str
    method: str
    statuses: dict[str, int]


class Report(Struct):
    """All that Traffic knows, for others to add up."""

    routes: list[RouteReport]
    latency: list[int]
    """Requests for dashboards by bucket of BOUNDS, since the start; these may also be streams' beginnings."""
    seconds: float
    """What those took together."""
    hits: int
    misses: int
    window: Window


class RouteStats:
    """The counters of one route and method."""

    __slots__ = ("_timed", "hits", "latency", "method", "misses", "route", "seconds", "statuses")

    def __init__(self, method: str, route: str) -> None:
        self.method = method
        self.route = route
        self.statuses: dict[int, int] = {}
        self.latency = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.hits = self.misses = 0
        self._timed = route.startswith(DASHBOARDS)

    def add(self, status: int, seconds: float, cached: bool | None) -> None:
        """Count an answer. seconds: until it was sent (of a stream: until it began). cached: whether it came
        from the response cache; None where that could not be.
        """
        try:
            self.statuses[status] += 1
        except KeyError:
            self.statuses[status] = 1
        if self._timed:
            self.latency[bisect_left(BOUNDS, seconds)] += 1
            self.seconds += seconds
            if cached:
                self.hits += 1
            elif cached is not None:
                self.misses += 1


class Traffic:
    """The counters of a process."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], RouteStats] = {}
        # What had been counted when; the oldest is the last before the window.
        self._past: deque[tuple[float, int, int, list[int]]] = deque()

    def route(self, method: str, template: str) -> RouteStats:
        """The counters of a route; the same for the same arguments.

        template: the path with its parameters' names, `/api/v1/student/dashboard`; empty where no route was
        found. What a client makes up makes no counters: unknown methods are one.
        """
        try:
            return self._routes[method, template]
        except KeyError:
            pass
        known = method if method in METHODS else OTHER
        if len(self._routes) >= MOST_ROUTES:
            template = OTHER
        key = known, template or OTHER
        if (found := self._routes.get(key)) is None:
            found = self._routes[key] = RouteStats(*key)
        if known == method:
            self._routes[method, template] = found
        return found

    def report(self, now: float) -> Report:
        """What was counted. Call this every few seconds: the window begins where this was called."""
        every = list(dict.fromkeys(self._routes.values()))
        latency = [sum(counts) for counts in zip(*(each.latency for each in every), strict=True)]
        latency = latency or [0] * (len(BOUNDS) + 1)
        hits, misses = sum(each.hits for each in every), sum(each.misses for each in every)
        return Report(
            routes=[
                RouteReport(each.route, each.method, {str(k): n for k, n in each.statuses.items()})
                for each in every
            ],
            latency=latency,
            seconds=sum(each.seconds for each in every),
            hits=hits,
            misses=misses,
            window=self._window(now, hits, misses, latency),
        )

    def _window(self, now: float, hits: int, misses: int, latency: list[int]) -> Window:
        """What has come since the window began. now: seconds of any clock that never goes back."""
        if not self._past:
            self._past.append((now, 0, 0, [0] * len(latency)))
        while len(self._past) > 1 and self._past[1][0] <= now - WINDOW_SECONDS:
            self._past.popleft()
        at, hits_before, misses_before, before = self._past[0]
        if now > self._past[-1][0]:
            self._past.append((now, hits, misses, latency))
        return Window(
            seconds=now - at,
            hits=hits - hits_before,
            misses=misses - misses_before,
            latency=[number - old for number, old in zip(latency, before, strict=True)],
        )


def quantile(share: float, counts: list[int]) -> float:
    """The value below which this share of the requests lies: 0.95 for the 95th percentile, in seconds.

    counts: by bucket of BOUNDS. Within a bucket requests count as evenly spread, as Prometheus has it; of
    what took longer than the last bound nothing more is known. NaN where nothing was counted.
    """
    rank = share * sum(counts)
    if rank == 0:
        return float("nan")
    below, lower = 0, 0.0
    for number, upper in zip(counts, BOUNDS, strict=False):
        if number and below + number >= rank:
            return lower + (upper - lower) * (rank - below) / number
        below, lower = below + number, upper
    return BOUNDS[-1]
