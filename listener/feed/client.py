"""A client of the feed: it catches up from its cursor, is live, and catches up again if it falls behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from listener.feed.messages import RIGHTS, Batch, Event, Message, Shape, read_replay, read_topics
from listener.feed.person import Person, Refused, Source, Unavailable
from listener.feed.snapshot import Snapshot

if TYPE_CHECKING:
    from listener.feed.hub import Hub

QUEUED_BATCHES = 1000
"""How many batches a client may miss while it is replayed to; beyond, it is replayed to once more."""
STALLED = 6
"""How many times longer than to `reset` it takes until a client that takes nothing is disconnected."""
MISSED_PONGS = 2

Send = Callable[[Message], Coroutine[Any, Any, None]]
Receive = Callable[[], Awaitable[Message]]


class End(Enum):
    """Why a client is live no longer."""

    GONE = "gone"
    BEHIND = "behind"
    EXPIRED = "expired"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    SILENT = "silent"
    STOPPED = "stopped"
    MISBEHAVED = "misbehaved"


class Client:
    """One stream: `begin`, then `serve`. The hub writes to it while it is live."""

    __slots__ = (
        "_end",
        "_hub",
        "_send",
        "_source",
        "_timer",
        "code",
        "kinds",
        "lost",
        "person",
        "position",
        "queue",
        "seen",
        "shape",
        "stale",
        "subject",
        "topics",
        "unanswered",
    )

    def __init__(
        self,
        hub: Hub,
        source: Source,
        person: Person,
        shape: Shape,
        send: Send,
        *,
        cursor: str | None = None,
        kinds: tuple[str, ...] | None = None,
        subject: UUID | None = None,
    ) -> None:
        """send: ASGI's. cursor: where it stopped, None: it begins. kinds: all but None, only these.

        subject: only what is about this other person, as far as `person` hears it.
        """
        self._hub = hub
        self._source = source
        self._send = send
        self._end: End | None = None
        self._timer: asyncio.Timeout | None = None
        self.person = person
        self.shape = shape
        self.kinds = kinds
        self.subject = subject
        self.position = cursor
        self.topics: frozenset[str] = frozenset()
        self.seen: Snapshot | None = None
        """What it was replayed, as long as the reader may still read some of that."""
        self.queue: deque[Batch] | None = None
        """While it is replayed to: what the reader read meanwhile."""
        self.stale = False
        """Its rights have changed since it asked for them, or its queue was full."""
        self.lost = False
        """Nobody can say what it missed."""
        self.unanswered = 0
        """Pings since the last pong."""
        self.code = ""
        """Of REFUSED."""

    async def begin(self, opening: Callable[[str | None], Awaitable[None]]) -> None:
        """Catch up for the first time, once the hub has let the client in. Unless this raises, `serve` it.

        opening: called once it is known that the person may stream, with the cursor as of which the client
        knows all; None: something follows at once. Raises Refused and Unavailable before that, never after.
        """
        opened = False

        async def open_once(cursor: str | None) -> None:
            nonlocal opened
            await opening(cursor)
            opened = True

        try:
            await self._catch_up(open_once)
        except (Refused, Unavailable, OSError) as error:
            if not opened and not isinstance(error, OSError):
                self._hub.forget(self)
                raise
            self._end = self._why(error)
        except BaseException:
            self._hub.forget(self)
            raise

    async def serve(self, listen: Callable[[], Awaitable[None]]) -> End:
        """Stream until the client leaves or has to; then say why.

        listen: returns when the client has left, or must.
        """
        try:
            while (end := self._end or await self._live(listen)) is End.BEHIND:
                self._end = None
                try:
                    await self._catch_up(None)
                except (Refused, Unavailable, OSError) as error:
                    self._end = self._why(error)
        finally:
            self._hub.forget(self)
        self._hub.count(end.value)
        return end

    def _why(self, error: Exception) -> End:
        """What an error in the middle of a stream means."""
        if isinstance(error, Refused):
            self.code = error.code
            return End.REFUSED
        return End.UNAVAILABLE if isinstance(error, Unavailable) else End.GONE

    async def _live(self, listen: Callable[[], Awaitable[None]]) -> End:
        """Until the client leaves, or `cut` says that this is over."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + self._hub.left(self.person.expires)) as self._timer:
                if self._end is None:
                    await listen()
        except TimeoutError:
            return self._end or End.EXPIRED
        except OSError:
            return End.GONE
        finally:
            self._timer = None
        return self._end or End.GONE

    def cut(self, end: End) -> None:
        """End the live time of this client, for this reason. For the hub and for `listen`."""
        self._hub.withdraw(self)
        if self._end is None or end is not End.BEHIND:
            self._end = end
        if self._timer is not None:
            self._timer.reschedule(0)
            self._timer = None  # it cannot be ended twice

    # --- Catching up

    async def _catch_up(self, opening: Callable[[str | None], Awaitable[None]] | None) -> None:
        """Send what was missed, in the order in which it happened, until nothing is left; then be live."""
        reset = opening is None and not await self._taken()
        while True:
            self._hub.attend(self)
            answer = read_replay(await self._source.replay(self.person.claims, self.position, self.kinds))
            if self.stale:
                continue
            self.topics = self.narrowed(answer.topics)
            reset = reset or answer.reset or self.lost
            # Which events are about `subject`, a replay does not say.
            reset = reset or (self.subject is not None and bool(answer.events))
            if reset:
                self.position = None  # nothing goes on from there
            if opening is not None:
                await opening(None if reset or answer.events else answer.cursor)
                opening = None
            if reset:
                # The document is younger than the cursor: what it shows already may come as an event, too.
                document = await self._source.document(self.person.claims)
                self._hub.count("reset")
                await self.patiently(self.shape.special("reset", answer.cursor, document))
            elif not await self._replayed(answer.events, answer.cursor):
                continue
            reset = self.lost = False
            self.position = answer.cursor
            self.seen = Snapshot.of(answer.cursor)
            await self._work_off()
            if not self.stale:
                self._hub.admit(self)
                return

    async def _replayed(self, events: list[Event], cursor: str) -> bool:
        """Send events; whether they were the client's to the last."""
        for message in self.shape.messages(events, cursor):
            if self.stale:
                return False
            await self.patiently(message)
        return True

    async def _work_off(self) -> None:
        """Send what came in meanwhile, as long as it is known to be the client's."""
        while self.queue and not self.stale:
            batch = self.queue.popleft()
            rights = [event for event in batch.events if event.kind == RIGHTS and self.fresh(event)]
            if any(map(self.is_touched_by, rights)):
                self.stale = True  # told while it was not known yet what the client hears
                return
            events = [event for event in batch.events if self.hears(event) and self.fresh(event)]
            for message in self.shape.messages(events, None):
                await self.patiently(message)

    async def patiently(self, message: Message) -> None:
        """Send, and wait for the client to take what came before; not for ever."""
        try:
            async with asyncio.timeout(self._hub.slow_seconds * STALLED):
                await self._send(message)
        except TimeoutError:
            self.abort()
            raise ConnectionAbortedError from None

    async def _taken(self) -> bool:
        """Wait until the client has taken what was sent; whether it did in good time. Raises OSError."""
        try:
            async with asyncio.timeout(self._hub.slow_seconds):
                await self._send(self.shape.probe())
        except TimeoutError:
            self._hub.count("slow")
            await self.patiently(self.shape.probe())
            return False
        return True

    def abort(self) -> None:
        """Drop the connection, with what the client does not take."""
        with contextlib.suppress(AttributeError):  # not uvicorn
            self._send.__self__.transport.abort()  # type: ignore[attr-defined]

    # --- What it hears

    def narrowed(self, topics: Sequence[str]) -> frozenset[str]:
        """Of what the person hears, that which this stream is for."""
        if self.subject is None:
            return frozenset(topics)
        about = f"student:{self.subject}"
        return frozenset({about}) if about in topics or "admin" in topics else frozenset()

    def hears(self, event: Event) -> bool:
        """Whether the event is for this client."""
        return (
            event.org == self.person.org
            and not self.topics.isdisjoint(event.topics)
            and (self.kinds is None or event.kind in self.kinds)
        )

    def is_touched_by(self, rights: Event) -> bool:
        """Whether these rights may be the client's."""
        return rights.org == self.person.org and not self.topics.isdisjoint(rights.topics)

    def fresh(self, event: Event) -> bool:
        """Whether it was not among what was replayed."""
        return self.seen is None or not self.seen.sees(event.txid)

    def awaits(self, event: Event) -> bool:
        """Whether the event, of a topic that it hears, is to be written to it."""
        return (self.kinds is None or event.kind in self.kinds) and (
            self.seen is None or not self.seen.sees(event.txid)
        )

    async def ask_again(self) -> None:
        """Ask what the person hears now. Raises Refused and Unavailable."""
        answer = read_topics(await self._source.topics(self.person.claims))
        self.topics = self.narrowed(answer.topics)

    # --- Live

    def write(self, messages: Sequence[Message]) -> bool:
        """Write without waiting; False, and nothing of the rest is sent, if the client does not take more.

        `send` writes to the transport and returns, or it waits for the transport to have room: so it is
        stepped once, and given up if that does not end it.
        """
        for message in messages:
            step = self._send(message)
            try:
                step.send(None)
            except StopIteration:
                continue
            except OSError:  # it has left, and `listen` learns of that
                return True
            step.close()
            return False
        return True
