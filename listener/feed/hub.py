"""The hub: who hears which topic, and every batch of events handed to them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator

import structlog

from listener.feed.client import MISSED_PONGS, QUEUED_BATCHES, Client
from listener.feed.messages import RIGHTS, UPDATE, Batch, Event, Message, Shape, Socket
from listener.feed.person import Person, Refused, Unavailable
from listener.feed.snapshot import Snapshot
from listener.feed.wire import End

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""After so many clients written to, everything else gets its turn."""


class TooMany(Exception):
    """The person has as many streams as one may have."""


class Hub:
    """The clients of this process. Nothing in it waits for a client."""

    def __init__(self, *, per_person: int, slow_seconds: float) -> None:
        """per_person: how many streams a person may have. slow_seconds: when a client counts as too slow."""
        self.slow_seconds = slow_seconds
        self.cursor: str | None = None
        """All before it was delivered. None until the reader has begun."""
        self.begun = asyncio.Event()
        self.arrived = asyncio.Event()
        """Somebody has come since this was last cleared."""
        self.counts: Counter[str] = Counter()
        self._snapshot: Snapshot | None = None
        self.per_person = per_person
        self._clients: dict[tuple[int, str], set[Client]] = defaultdict(set)
        self._live: dict[Client, frozenset[str]] = {}
        self._heard: dict[tuple[int, str], set[Client]] = {}
        self._attending: set[Client] = set()
        """Those who are being replayed to."""
        self._turn = asyncio.Lock()
        """One at a time: a heartbeat's cursor must not overtake the events before it."""

    # --- The clients

    def enter(self, client: Client) -> None:
        """Take a client in. Raises TooMany."""
        mine = self._clients[_key(client.person)]
        if len(mine) >= self.per_person:
            raise TooMany
        mine.add(client)
        self.arrived.set()

    def forget(self, client: Client) -> None:
        """Let a client go."""
        self.withdraw(client)
        self._leave(client)
        key = _key(client.person)
        self._clients[key].discard(client)
        if not self._clients[key]:
            del self._clients[key]

    def attend(self, client: Client) -> None:
        """Keep for the client what is read from now on; it is about to ask what it missed until now."""
        client.queue, client.stale = deque(), False
        self._attending.add(client)

    def _leave(self, client: Client) -> None:
        client.queue = None
        self._attending.discard(client)

    def admit(self, client: Client) -> None:
        """The client has everything: write to it from now on."""
        self._leave(client)
        client.reached(self._snapshot)
        self._live[client] = client.topics
        for topic in client.topics:
            self._heard.setdefault((client.person.org, topic), set()).add(client)

    def withdraw(self, client: Client) -> None:
        """Write to the client no more."""
        for topic in self._live.pop(client, ()):
            key = (client.person.org, topic)
            self._heard[key].discard(client)
            if not self._heard[key]:
                del self._heard[key]

    async def ready(self, seconds: float) -> bool:
        """Wait for the reader to have begun, at most so long; whether it has."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.begun.wait(), seconds)
        return self.begun.is_set()

    def all(self) -> Iterator[Client]:
        """Every client, live or not."""
        return (client for mine in list(self._clients.values()) for client in list(mine))

    def live(self) -> list[Client]:
        """Those whom the hub writes to now."""
        return list(self._live)

    @staticmethod
    def left(expires: float) -> float:
        """Seconds until then."""
        return expires - time.time()

    def count(self, what: str) -> None:
        """Count something for the metrics."""
        self.counts[what] += 1

    def connected(self) -> Counter[str]:
        """How many clients there are, by kind."""
        return Counter(type(client.shape).__name__.lower() for client in self.all())

    # --- What the reader read

    def begin(self, cursor: str) -> None:
        """The reader stands here, and nothing was delivered before."""
        self.cursor, self._snapshot = cursor, Snapshot.of(cursor)
        self.begun.set()

    def restart(self, cursor: str) -> None:
        """Nobody knows what came before this: everybody is to start afresh."""
        self.begin(cursor)
        for client in self.all():
            client.lost = True
            client.stale = True
            if client in self._live:
                client.cut(End.BEHIND)

    async def publish(self, batch: Batch) -> None:
        """Deliver what was read after `cursor`. Rights first: what they allow no more, nobody gets."""
        cursor = batch.cursor or ""
        async with self._turn:
            changed = await self._ask_again(event for event in batch.events if event.kind == RIGHTS)
            snapshot = Snapshot.of(cursor)
            for client in changed:
                client.doubt(max(snapshot.xmax, batch.end))
            if batch.events:
                for client in self._attending:
                    self._keep(client, batch)
            await self._deliver(batch.events, cursor, snapshot, changed)
            self.cursor, self._snapshot = cursor, snapshot
            self.counts["events"] += len(batch.events)

    @staticmethod
    def _keep(client: Client, batch: Batch) -> None:
        """For a client that is being replayed to; if that takes too long, it asks once more instead."""
        if client.queue is not None and len(client.queue) < QUEUED_BATCHES:
            client.queue.append(batch)
        else:
            client.queue, client.stale = deque(), True

    async def _ask_again(self, changes: Iterable[Event]) -> set[Client]:
        """Have everybody whose rights have changed hear what the database says now; answer who they are.

        An event names persons, and what those hear whom it cannot name: who became a parent in a transaction
        that it did not see hears of the student.
        """
        affected: set[Client] = set()
        for event in changes:
            for topic in event.topics:
                key = (event.org, topic)
                affected |= self._clients.get(key, set()) | self._heard.get(key, set())
            affected |= {client for client in self._attending if client.is_touched_by(event)}
        for client in affected:
            client.stale = True  # whoever is being replayed to begins anew
        live = [client for client in affected if client in self._live]
        await asyncio.gather(*map(self._check, live))
        return affected

    async def _check(self, client: Client) -> None:
        try:
            await client.ask_again()
        except Refused as error:
            client.code = error.code
            client.cut(End.REFUSED)
        except Unavailable:
            client.cut(End.UNAVAILABLE)
        except Exception as error:  # of this one alone: the others get what there is
            log.error("rights unknown", exc_info=error)
            client.cut(End.UNAVAILABLE)
        else:
            if client in self._live and client.topics != self._live[client]:
                self.withdraw(client)
                self.admit(client)

    async def _deliver(
        self, events: list[Event], cursor: str, snapshot: Snapshot, changed: set[Client]
    ) -> None:
        """changed: whose rights have; an update may tell of somebody whom they do not see any more."""
        wanted: dict[Client, list[Event]] = {}
        told = [event for event in events if event.kind != RIGHTS]
        for event in told:
            hearing = [client for client in self._audience(event) if client.awaits(event)]
            if event.kind == UPDATE:
                for client in hearing:
                    if client in changed or not client.may_show(event):
                        self._catch_up(client)
                hearing = [client for client in hearing if client in self._live]
            if len(told) == 1:
                wanted = dict.fromkeys(hearing, told)
                break
            for client in hearing:
                wanted.setdefault(client, []).append(event)
        for number, (client, mine) in enumerate(wanted.items()):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            if client not in self._live:
                continue
            client.reached(snapshot)
            self.counts["delivered"] += len(mine)
            # What was replayed to it may reach further than the reader: then its own position stands.
            messages = client.shape.messages(mine, cursor if client.seen is None else None)
            self._write(client, messages, divisible=len(mine) > 1)

    def _audience(self, event: Event) -> Iterable[Client]:
        """Who hears an event, each once."""
        groups = [group for topic in event.topics if (group := self._heard.get((event.org, topic)))]
        if len(groups) == 1:
            return groups[0]
        return set().union(*groups)

    def _write(self, client: Client, messages: list[Message], *, divisible: bool = False) -> None:
        end = client.wire.write(messages, divisible=divisible)
        if end is None:
            return
        if end is End.BEHIND:
            self.count("behind")
            self._catch_up(client)
        else:
            client.cut(end)

    def _catch_up(self, client: Client) -> None:
        """Have the client be replayed to, from before what is being delivered."""
        if client.seen is None:
            client.position = self.cursor
        client.cut(End.BEHIND)

    # --- What is no event

    async def hand(self, messages: Iterable[tuple[Client, Message]]) -> None:
        """Write a message to each of these clients that is live by then. It is no event: it has no cursor."""
        async with self._turn:
            for number, (client, message) in enumerate(messages):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                if client in self._live:
                    self._write(client, [message])

    async def beat(self, pings: bool) -> None:
        """Send everybody who is live the cursor. pings: those who have to answer; else the others."""
        async with self._turn:
            kept: dict[Shape, Message] = {}
            chosen = [client for client in self._live if _answers(client) is pings]
            for number, client in enumerate(chosen):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                self._beat(client, pings, kept)

    def _beat(self, client: Client, pings: bool, kept: dict[Shape, Message]) -> None:
        if client not in self._live:
            return
        if pings and client.unanswered >= MISSED_PONGS:
            client.cut(End.SILENT)
            return
        client.unanswered += pings
        client.reached(self._snapshot)
        if client.seen is not None:
            self._write(client, [client.shape.beat(client.position)])
            return
        if (message := kept.get(client.shape)) is None:
            message = kept[client.shape] = client.shape.beat(self.cursor)
        self._write(client, [message])


def _key(person: Person) -> tuple[int, str]:
    """A person's own topic."""
    return person.org, f"person:{person.id}"


def _answers(client: Client) -> bool:
    """Whether the client is asked for signs of life."""
    return isinstance(client.shape, Socket) and not client.shape.wrapped
