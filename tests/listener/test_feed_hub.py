"""The hub and its clients, one of whom misbehaves: nobody else notices."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from listener.feed.client import Client
from listener.feed.hub import Hub
from listener.feed.messages import Batch, Message, Sse, read_batch
from listener.feed.person import Person, Refused
from listener.feed.wire import BUFFERED_BYTES, End, Wire
from tests.listener.source import Source

Send = Callable[[Message], Any]


class Stand:
    """A hub, and clients that join it."""

    def __init__(self) -> None:
        self.hub = Hub(per_person=9, slow_seconds=1)
        self.hub.begin("0.5:5:")
        self.source = Source()
        self.opened = 0

    async def client(self, send: Send, *, seconds: float = 60, **others: Any) -> Client:
        person = Person(1, uuid4(), "student", "{}", time.time() + seconds)
        client = Client(self.hub, self.source, person, Sse(False), send, **others)
        self.hub.enter(client)
        await client.begin(self._open)
        return client

    async def _open(self, cursor: str | None) -> None:
        self.opened += 1


def event(number: int, topic: str = "role:student", kind: str = "note", **data: Any) -> dict[str, Any]:
    return {"org": 1, "id": number, "txid": "7", "topics": [topic], "kind": kind, "data": data}


def batch(*events: dict[str, Any]) -> Batch:
    return read_batch(json.dumps({"cursor": "0.9:9:", "reset": False, "events": events}))


class Taken:
    """A connection that takes everything, until it raises this."""

    def __init__(self) -> None:
        self.text = ""
        self.error: Exception | None = None

    async def __call__(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.text += message["body"].decode()


async def forever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("error", [RuntimeError("closed"), OSError(), KeyError()])
@pytest.mark.parametrize("when", ["an event", "a sign of life"])
def test_whatever_a_connection_raises_is_its_own_affair(error: Exception, when: str) -> None:
    async def run() -> None:
        stand = Stand()
        first, broken, last = Taken(), Taken(), Taken()
        await stand.client(first)
        client = await stand.client(broken)
        await stand.client(last)
        serving = asyncio.create_task(client.serve(forever))
        await asyncio.sleep(0)
        broken.error = error
        if when == "an event":
            await stand.hub.publish(batch(event(1)))
        else:
            await stand.hub.beat(pings=False)
        assert await asyncio.wait_for(serving, 10) is End.GONE
        broken.error = None
        await stand.hub.publish(batch(event(2)))
        assert broken.text == ""
        assert first.text.count('"event_id":2') == last.text.count('"event_id":2') == 1
        assert first.text.count('"event_id":1') == (when == "an event")

    asyncio.run(run())


def test_a_connection_that_breaks_while_it_is_replayed_to_is_gone() -> None:
    async def run() -> None:
        stand, broken = Stand(), Taken()
        stand.source.events = [event(1)]
        broken.error = RuntimeError("closed")
        client = await stand.client(broken, cursor="0.4:4:")
        assert await client.serve(forever) is End.GONE

    asyncio.run(run())


def test_rights_that_nobody_can_tell_end_that_stream_alone() -> None:
    async def run() -> None:
        stand, one, other = Stand(), Taken(), Taken()
        client = await stand.client(one)
        stand.source.topics_heard = ["admin"]
        await stand.client(other)

        async def fail(claims: str) -> bytes:
            raise ValueError

        stand.source.topics = fail  # type: ignore[method-assign]
        await stand.hub.publish(batch(event(1, kind="rights"), event(2), event(3, topic="admin")))
        assert await client.serve(forever) is End.UNAVAILABLE
        assert '"event_id":3' in other.text
        assert one.text == ""

    asyncio.run(run())


# --- Deadlines


def test_a_token_that_expires_before_it_is_known_who_asks() -> None:
    async def run() -> None:
        stand = Stand()
        stand.source.held = forever()
        with pytest.raises(Refused, match="HR401"):
            await asyncio.wait_for(stand.client(Taken(), seconds=0.1), 10)
        assert stand.opened == 0
        assert not list(stand.hub.all())

    asyncio.run(run())


@pytest.mark.parametrize("again", [False, True])
def test_a_token_that_expires_while_its_stream_catches_up(again: bool) -> None:
    async def run() -> None:
        stand = Stand()
        stand.source.events = [event(number) for number in range(3)]
        gate = asyncio.Event()
        got: list[bytes] = []

        async def send(message: Message) -> None:
            if len(got) == 1:
                await gate.wait()
            got.append(message["body"])

        client = await stand.client(send, seconds=1, cursor=None if again else "0.4:4:")
        if again:  # it was live, and fell behind
            client.cut(End.BEHIND)
        serving = client.serve(forever)
        end = await asyncio.wait_for(serving, 10)
        gate.set()
        await stand.hub.publish(batch(event(9)))
        assert end is End.EXPIRED
        assert len(got) == 1

    asyncio.run(run())


# --- Rights, of streams about somebody else


def test_rights_by_any_topic_of_the_person_reach_a_stream_about_somebody_else() -> None:
    async def run() -> None:
        stand, about, got = Stand(), UUID(int=5), Taken()
        stand.source.topics_heard = [f"student:{about}", "cohort:7"]
        await stand.client(got, subject=about)
        stand.source.topics_heard = []
        await stand.hub.publish(batch(event(1, topic="cohort:7")))
        assert got.text == "", "it is not about them"
        await stand.hub.publish(batch(event(2, topic="cohort:7", kind="rights")))
        assert stand.source.asked == 1
        await stand.hub.publish(batch(event(3, topic=f"student:{about}")))
        assert got.text == ""

    asyncio.run(run())


# --- Portions


def test_a_replay_is_sent_event_by_event() -> None:
    async def run() -> None:
        stand, got = Stand(), []
        stand.source.events = [event(number) for number in range(3)]

        async def send(message: Message) -> None:
            got.append(message["body"])

        await stand.client(send, cursor="0.4:4:")
        assert [body.count(b"event_id") for body in got] == [1, 1, 1]
        assert [body.startswith(b"id: ") for body in got] == [False, False, True]

    asyncio.run(run())


class Protocol:
    """As a server's connection: it has a transport, and `send`."""

    def __init__(self, waiting: int) -> None:
        self.transport = self
        self.waiting = waiting
        self.written = 0

    def get_write_buffer_size(self) -> int:
        return self.waiting

    async def send(self, message: Message) -> None:
        self.written += len(message["body"])


@pytest.mark.parametrize(
    ("waiting", "size", "divisible", "end"),
    [
        (0, 9000, True, None),
        (BUFFERED_BYTES - 5000, 9000, False, End.BEHIND),
        (0, BUFFERED_BYTES + 1, True, End.BEHIND),
        (0, BUFFERED_BYTES + 1, False, None),
        (1, BUFFERED_BYTES, False, End.BEHIND),
        (BUFFERED_BYTES - 5000, 100, False, None),
    ],
)
def test_what_is_about_to_be_written_counts(
    waiting: int, size: int, divisible: bool, end: End | None
) -> None:
    protocol = Protocol(waiting)
    wire = Wire(protocol.send, 1)
    assert wire.write([{"type": "", "body": b"x" * size}], divisible=divisible) is end
    assert protocol.written == (0 if end else size)


# --- Dashboards

OWN = "dashboard:student:1"


def update(number: int, **data: Any) -> dict[str, Any]:
    return event(number, topic=OWN, kind="update", **data)


def messages(taken: Taken) -> list[dict[str, Any]]:
    """What the client got, and forgets."""
    found = [json.loads(line[5:]) for line in taken.text.splitlines() if line.startswith("data:")]
    taken.text = ""
    return found


def follow(*batches: Batch, **others: Any) -> tuple[Stand, Taken, list[dict[str, Any]]]:
    """A client that follows its dashboard of version 3: what it gets of these batches, and what first."""
    stand, got = Stand(), Taken()
    stand.source.version, stand.source.topics_heard = 3, [OWN, "role:student"]

    async def run() -> list[dict[str, Any]]:
        client = await stand.client(got, **{"follows": True, **others})
        first = messages(got)
        serving = asyncio.create_task(client.serve(forever))
        for one in batches:
            await asyncio.sleep(0)
            await stand.hub.publish(one)
            for _ in range(10):
                await asyncio.sleep(0)
        serving.cancel()
        return first

    return stand, got, asyncio.run(run())


def test_a_dashboard_is_followed_from_its_version_on() -> None:
    batches = [batch(update(n, version=n, patch={"points": n})) for n in (2, 3, 4)]
    batches += [batch(update(9, patch={"leaderboard": 1}))]
    stand, got, first = follow(*batches)
    assert first == [{"type": "snapshot", "version": 3, "points": 5}]
    assert messages(got) == [
        {"type": "update", "event_id": 4, "version": 4, "points": 4},
        {"type": "update", "event_id": 9, "leaderboard": 1},
    ]
    assert stand.source.kinds == [("*",)]


def test_who_does_not_follow_gets_no_updates() -> None:
    for others in ({"follows": False}, {"kinds": ("note",)}):
        stand, got, first = follow(batch(update(4, version=4, patch={}), event(5)), **others)
        assert first == []
        assert [message["type"] for message in messages(got)] == ["note"]
        assert stand.source.kinds == [others.get("kinds")]


def test_a_document_comes_as_a_snapshot() -> None:
    _, got, _ = follow(batch(update(4, version=4, document={"points": None, "type": "x"})))
    assert messages(got) == [{"type": "snapshot", "event_id": 4, "version": 4, "points": None}]


@pytest.mark.parametrize(
    "last", [[update(7, version=4)], [event(6, kind="rights"), update(7, version=4, patch={"child": "gone"})]]
)
def test_what_was_too_long_or_may_be_hidden_is_asked_for_again(last: list[dict[str, Any]]) -> None:
    """And nothing else of the same batch is lost: the replay has it."""

    async def run() -> None:
        stand, got = Stand(), Taken()
        stand.source.version, stand.source.topics_heard = 3, [OWN, "role:student"]
        client = await stand.client(got, follows=True)
        messages(got)
        serving = asyncio.create_task(client.serve(forever))
        await asyncio.sleep(0)
        stand.source.version, stand.source.afresh = 4, True
        stand.source.events = [event(5)]
        await stand.hub.publish(batch(event(5), *last))
        for _ in range(20):
            await asyncio.sleep(0)
        assert messages(got) == [
            {"type": "note", "event_id": 5},
            {"type": "snapshot", "version": 4, "points": 5},
        ]
        serving.cancel()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("txid", "end", "told"), [(8, 0, False), (9, 0, True), (9, 12, False), (12, 12, True)]
)
def test_an_update_of_who_began_before_rights_changed_is_asked_for_again(
    txid: int, end: int, told: bool
) -> None:
    """However much later it comes, and whatever the replay says of it."""

    async def run() -> None:
        stand, got = Stand(), Taken()
        stand.source.version, stand.source.topics_heard = 3, [OWN, "role:student"]
        client = await stand.client(got, follows=True)
        messages(got)
        serving = asyncio.create_task(client.serve(forever))
        await asyncio.sleep(0)
        changed = batch(event(6, kind="rights"))
        changed.end = end
        await stand.hub.publish(changed)
        late = update(7, version=4, patch={"child": "gone"}) | {"txid": str(txid)}
        stand.source.version, stand.source.events = 4, [event(5), late]
        await stand.hub.publish(batch(late))
        for _ in range(20):
            await asyncio.sleep(0)
        assert messages(got) == (
            [{"type": "update", "event_id": 7, "version": 4, "child": "gone"}]
            if told
            else [{"type": "note", "event_id": 5}, {"type": "snapshot", "version": 4, "points": 5}]
        )
        serving.cancel()

    asyncio.run(run())


def test_an_update_of_who_was_under_way_at_a_replay_is_asked_for_again() -> None:
    """The rights may have changed before the client came."""

    async def run() -> None:
        stand, got = Stand(), Taken()
        stand.source.version, stand.source.topics_heard = 3, [OWN]
        client = await stand.client(got, follows=True, cursor="0.4:4:")
        serving = asyncio.create_task(client.serve(forever))
        await asyncio.sleep(0)
        await stand.hub.publish(batch(update(7, version=4, patch={"child": "gone"}) | {"txid": "4"}))
        for _ in range(20):
            await asyncio.sleep(0)
        assert "gone" not in got.text
        serving.cancel()

    asyncio.run(run())


def test_what_was_too_long_while_it_is_replayed_to_is_asked_for_again() -> None:
    async def run() -> None:
        stand, got = Stand(), Taken()
        stand.source.version, stand.source.topics_heard = 3, [OWN]
        gate = asyncio.Event()
        stand.source.held = gate.wait()
        beginning = asyncio.create_task(stand.client(got, follows=True))
        await asyncio.sleep(0)
        await stand.hub.publish(batch(update(7, version=4)))
        stand.source.afresh = True

        async def answered(claims: str) -> bytes:
            stand.source.held, stand.source.version = None, stand.source.version + 1
            return json.dumps({"version": stand.source.version - 1}).encode()

        stand.source.document = answered  # type: ignore[method-assign]
        gate.set()
        await beginning
        assert [message["version"] for message in messages(got)] == [3, 4]

    asyncio.run(run())
