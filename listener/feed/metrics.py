"""Metrics: every few seconds, to everybody who watches a dashboard, the numbers of what is before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from listener.feed.client import Client
from listener.feed.hub import Hub
from listener.feed.messages import UNREADABLE, Message, Shape
from listener.feed.person import Person, Unavailable

METRICS = "metrics"
"""The type of the message."""
ROLES = ("teacher", "tutor", "admin")
"""Who has metrics."""
SCOPES_AT_ONCE = 1000
"""So many scopes are asked for in one call: it shall not hold a connection for long."""

Ask = Callable[[str], Awaitable[bytes]]


class Scope(Struct, frozen=True):
    """Whose numbers: an organization's for all its admins, else a person's in a role."""

    org: int
    role: str
    person: UUID | None

    @classmethod
    def of(cls, person: Person) -> Scope:
        """The numbers that a person sees."""
        return cls(person.org, person.role, None if person.role == "admin" else person.id)


class Told(Struct):
    """What api.feed_metrics_of() answers of a scope."""

    scope: Scope
    metrics: dict[str, Raw]


Watching = dict[Scope, list[tuple[Client, frozenset[str]]]]
"""Who awaits which numbers, and what each heard when they were asked for."""

read_told = msgspec.json.Decoder(list[Told]).decode


class Metrics:
    """The metrics of the viewers of one process: each scope is asked for once, whoever watches it."""

    def __init__(self, hub: Hub, ask: Ask) -> None:
        """ask: api.feed_metrics_of(); raises Unavailable."""
        self._hub = hub
        self._ask = ask

    async def tick(self) -> None:
        """Tell everybody who is live and wants metrics. Raises Unavailable; some may have theirs by then."""
        watching: Watching = {}
        for client in self._hub.live():
            if _watches(client):
                watching.setdefault(Scope.of(client.person), []).append((client, client.topics))
        scopes = list(watching)
        for start in range(0, len(scopes), SCOPES_AT_ONCE):
            portion = scopes[start : start + SCOPES_AT_ONCE]
            answer = await self._ask(msgspec.json.encode(portion).decode())
            try:
                told = read_told(answer)
            except UNREADABLE as error:
                raise Unavailable from error
            await self._hub.hand(_messages(told, watching))


def _watches(client: Client) -> bool:
    return client.person.role in ROLES and (client.kinds is None or METRICS in client.kinds)


def _messages(told: Iterable[Told], watching: Watching) -> Iterator[tuple[Client, Message]]:
    """Each viewer's message, encoded once per scope and shape, when its turn comes."""
    for one in told:
        kept: dict[Shape, Message] = {}
        for client, topics in watching.get(one.scope, ()):
            if client.topics != topics:
                continue  # its rights have changed meanwhile: these may count what it has lost
            if (message := kept.get(client.shape)) is None:
                message = kept[client.shape] = client.shape.note(METRICS, one.metrics)
            yield client, message
