"""Rate limits: how often a person, or an address that shows no token, may ask within an hour.

The count is the database's, so that it is one over all processes and outlives them; but nobody asks it at
each request. A process leases a batch of requests for a person (see ops.rate_lease, which also says how the
window slides and how exact it is), passes so many on without a word, and gives back what nobody wanted. Where
the counting fails, requests pass, and are counted as such.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from itertools import islice
from time import monotonic, monotonic_ns
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from api import rates
from api.database import Database, DatabaseError, Function
from api.settings import Settings
from api.visit import waiting

log = structlog.get_logger(__name__)

LEASE = Function("rate_lease", "jsonb")
RETURN = Function("rate_return", "jsonb")

SECOND = 1_000_000_000  # in the unit of monotonic_ns(): whole numbers cost less
STORE_SECONDS = 0.5
"""How long a request waits to be counted. Then it passes."""
AWAY_SECONDS = 1.0
"""For so long after a failure nobody waits for the store."""
REFUSED_SECONDS = 2.0
"""For so long a refusal holds without asking again: another process may have given something back."""
SWEEP_SECONDS = 10.0
IDLE_SWEEPS = 3
"""A lease that was not used between so many sweeps is given back."""
BATCH = 500
"""So many leases one call asks for, or gives back, at most."""
SHARE = 20
"""A lease is at most this part of the limit, whatever is asked for (ops.rate_lease has it, too)."""
REMEMBERED_PATHS, REMEMBERED_LENGTH = 4096, 256
AT_ONCE = 2000
"""After so many leases looked at, everything else gets its turn."""
ADDRESS = "address "
"""How a `who` that is no person begins; those of persons begin with a digit."""


class Quota(Struct, frozen=True, gc=False):
    """What becomes of a request, and how the limit stands."""

    allowed: bool
    limit: int
    """Requests per hour."""
    remaining: int
    reset: int
    """In how many seconds there will be more."""


class LimitStats(Struct):
    """How the limits of a process fare: counts since its start."""

    refused: dict[str, int]
    """Requests refused, by rule."""
    leases: int
    failures: int
    """How often the store failed, or was too slow."""
    passed: int
    """Requests that passed uncounted for that."""


class Granted(Struct):
    """An answer of api.rate_lease()."""

    granted: int
    remaining: int
    reset: float
    slot: int
    seconds: float


class Lease:
    """Requests that this process may pass on; a refusal, if it never had any. Times are monotonic_ns()'s."""

    __slots__ = ("ends", "idle", "left", "refuses", "remaining", "resets", "seen", "slot")

    def __init__(self, granted: Granted, now: int) -> None:
        self.left = self.seen = granted.granted
        self.refuses = not granted.granted
        seconds = min(granted.reset, REFUSED_SECONDS) if self.refuses else granted.seconds
        self.ends = now + int(seconds * SECOND)
        self.remaining = granted.remaining
        self.resets = now + int(granted.reset * SECOND)
        self.slot = granted.slot
        self.idle = 0


class Rule:
    """One limit, and what is leased under it, by who."""

    __slots__ = ("leases", "limit", "name", "refused")

    def __init__(self, name: str, limit: int) -> None:
        """name: the prefix of its paths. limit: requests per hour."""
        self.name = name
        self.limit = limit
        self.leases: dict[str, Lease] = {}
        self.refused = 0


class Ask(Struct):
    """A lease that requests wait for: true when there is an answer, false when they are to pass without."""

    rule: Rule
    who: str
    answered: asyncio.Future[bool]


class Limits:
    """The limits of a process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """database: where the counts are. Nothing is asked before the first request."""
        self._database = database
        found = rates.parse(settings.rate_limits) if settings.rate_limit_enabled else {}
        anonymous = found.pop(rates.ANONYMOUS, None)
        self._anonymous = Rule(rates.ANONYMOUS, anonymous) if anonymous else None
        # The longest first.
        self._rules = [Rule(prefix, found[prefix]) for prefix in sorted(found, key=len, reverse=True)]
        self._remembered: dict[str, Rule | None] = {}
        self._asks: dict[tuple[str, str], Ask] = {}
        self._unused: list[tuple[Rule, str, Lease]] = []
        self._asking: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._stalled = False
        self._away_until = 0.0
        self._counts: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to give back what lies idle."""
        self._sweeping = asyncio.create_task(self._sweep_on())

    async def stop(self) -> None:
        """Give everything back. The database must be open yet."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=STORE_SECONDS)
        for rule in self._all():
            for who, lease in rule.leases.items():
                self._spare(rule, who, lease)
            rule.leases = {}
        try:
            await asyncio.wait_for(self._give_back(), 2 * STORE_SECONDS)
        except (TimeoutError, DatabaseError) as error:  # it counts as used
            log.warning("leases not given back", reason=str(error))

    def rule(self, path: str) -> Rule | None:
        """The rule for a path, None where there is no limit. path: as it is routed, percent-decoded."""
        try:
            return self._remembered[path]
        except KeyError:
            pass
        whole = f"{plain(path)}/"
        found = next((rule for rule in self._rules if whole.startswith(f"{rule.name}/")), None)
        if len(path) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED_PATHS:
                self._remembered.clear()
            self._remembered[path] = found
        return found

    def take(self, rule: Rule, who: str) -> Quota | None:
        """Pass a request on or refuse it, if this process can say; else None, and `lease` has to be awaited.

        who: a person as "org:id", or what `address` says.
        """
        if who[0] == "a" and self._anonymous is not None:
            rule = self._anonymous
        lease = rule.leases.get(who)
        if lease is None:
            return None
        now = monotonic_ns()
        if now >= lease.ends:
            return None
        if left := lease.left:
            lease.left = left = left - 1
            return Quota(True, rule.limit, lease.remaining + left, (lease.resets - now) // SECOND + 1)
        if lease.refuses:
            rule.refused += 1
            return Quota(False, rule.limit, 0, (lease.resets - now) // SECOND + 1)
        return None

    async def ask(self, rule: Rule, who: str) -> Quota:
        """One of the requests that somebody may make."""
        return self.take(rule, who) or await self.lease(rule, who)

    async def lease(self, rule: Rule, who: str) -> Quota:
        """The same with a new lease. If there is none in time, the request passes."""
        if who[0] == "a":
            if self._anonymous is None:
                return Quota(True, rule.limit, rule.limit, 1)
            rule = self._anonymous
        # Many may wait for one lease, and it may be used up when their turn comes.
        while (quota := self.take(rule, who)) is None:
            if self._stalled or monotonic() < self._away_until or not await self._ask(rule, who):
                self._counts["passed"] += 1
                return Quota(True, rule.limit, rule.limit, 1)
        return quota

    def stats(self) -> LimitStats:
        """What happened since the start."""
        return LimitStats(
            refused={rule.name: rule.refused for rule in self._all()},
            leases=self._counts["leases"],
            failures=self._counts["failures"],
            passed=self._counts["passed"],
        )

    def _all(self) -> list[Rule]:
        return [*self._rules, self._anonymous] if self._anonymous else self._rules

    async def _ask(self, rule: Rule, who: str) -> bool:
        """Wait for a lease; False if none comes in time."""
        key = rule.name, who
        if (ask := self._asks.get(key)) is None:
            ask = self._asks[key] = Ask(rule, who, asyncio.get_running_loop().create_future())
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_on())
        with waiting():
            return await asyncio.shield(ask.answered)

    async def _ask_on(self) -> None:
        """One call after the other, while anybody waits: a store that hangs has one connection, not all."""
        asks: list[Ask] = []
        try:
            while asks := list(islice(self._asks.values(), BATCH)):
                call = self._database.call(LEASE, _written(asks))
                done, _ = await asyncio.wait([call], timeout=STORE_SECONDS)
                if not done:
                    self._fail(asks, "it takes too long")
                    self._stalled = True
                    await asyncio.wait([call])
                answers = msgspec.json.decode(call.result(), type=list[Granted])
                now = monotonic_ns()
                for ask, granted in zip(asks, answers, strict=True):
                    self._keep(ask, Lease(granted, now))
                    self._answer(ask, True)
                self._counts["leases"] += len(asks)
                self._stalled = False
        except DatabaseError as error:
            self._fail(asks, str(error))
        except Exception as error:
            self._fail(asks, repr(error))
            log.error("limits failed", exc_info=error)
        finally:
            self._stalled = False

    def _fail(self, asks: list[Ask], reason: str) -> None:
        """Let everybody pass who waits, and for a while who comes."""
        self._counts["failures"] += 1
        self._away_until = monotonic() + AWAY_SECONDS
        log.warning("requests pass uncounted", reason=reason)
        for ask in [*asks, *self._asks.values()]:
            self._answer(ask, False)

    def _answer(self, ask: Ask, counted: bool) -> None:
        self._asks.pop((ask.rule.name, ask.who), None)
        if not ask.answered.done():
            ask.answered.set_result(counted)

    def _keep(self, ask: Ask, lease: Lease) -> None:
        if former := ask.rule.leases.get(ask.who):  # it has ended, or is used up
            self._spare(ask.rule, ask.who, former)
        ask.rule.leases[ask.who] = lease

    def _spare(self, rule: Rule, who: str, lease: Lease) -> None:
        """Nobody will use the lease any more."""
        if lease.left:
            self._unused.append((rule, who, lease))

    async def _sweep_on(self) -> None:
        """Until cancelled, let go of leases that have ended or that nobody uses."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception as error:  # what is not given back counts as used
                log.warning("leases not given back", reason=str(error))

    async def sweep(self) -> None:
        """Let go of leases that have ended or were not used for some sweeps."""
        for rule in self._all():
            for number, (who, lease) in enumerate(list(rule.leases.items())):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                if lease.left != lease.seen:
                    lease.seen, lease.idle = lease.left, 0
                else:
                    lease.idle += 1
                gone = monotonic_ns() >= lease.ends or (lease.idle >= IDLE_SWEEPS and not lease.refuses)
                if gone and rule.leases.get(who) is lease:
                    del rule.leases[who]
                    self._spare(rule, who, lease)
        await self._give_back()

    async def _give_back(self) -> None:
        while some := self._unused[:BATCH]:
            del self._unused[:BATCH]
            unused = [
                {"rule": rule.name, "who": who, "slot": lease.slot, "unused": lease.left}
                for rule, who, lease in some
            ]
            await self._database.call(RETURN, msgspec.json.encode(unused).decode())


def plain(path: str) -> str:
    """The one way to write a path. Routing passes over empty segments: none may open another way."""
    return "".join(f"/{segment}" for segment in path.split("/") if segment)


@lru_cache(4096)
def address(host: str | None) -> str:
    """The `who` of a client that shows no valid token. IPv6 by its /64: a household has one, or thousands."""
    try:
        found = ip_address(host or "")
    except ValueError:
        return f"{ADDRESS}unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return f"{ADDRESS}{found.ipv4_mapped}"
        return f"{ADDRESS}{IPv6Address(int(found) >> 64 << 64)}/64"
    return f"{ADDRESS}{found}"


def caller(scope: Any) -> str:
    """The `who` of whoever made a connection; of all together on a Unix socket."""
    found = scope.get("client")
    return address(found[0] if found else None)


def _written(asks: list[Ask]) -> str:
    return msgspec.json.encode(
        [
            {
                "rule": ask.rule.name,
                "who": ask.who,
                "limit": ask.rule.limit,
                "wanted": max(1, ask.rule.limit // SHARE),
            }
            for ask in asks
        ]
    ).decode()
