"""A client of the feed: it catches up from its cursor, is live, and catches up again if it falls behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

from listener.feed.messages import (
    RIGHTS,
    UNREADABLE,
    UPDATE,
    Batch,
    Event,
    Replay,
    Shape,
    read_document,
    read_replay,
    read_topics,
)
from listener.feed.person import Expired, Person, Refused, Source, Unavailable
from listener.feed.snapshot import Snapshot
from listener.feed.wire import End, Send, Wire

if TYPE_CHECKING:
    from listener.feed.hub import Hub

QUEUED_BATCHES = 1000
"""How many batches a client may miss while it is replayed to; beyond, it is replayed to once more."""
MISSED_PONGS = 2
EVERYTHING = ("*",)
"""How api.feed_replay() is asked for updates, too."""


class Client:
    """One stream: `begin`, then `serve`. The hub writes to it while it is live."""

    __slots__ = (
        "_about",
        "_end",
        "_hub",
        "_source",
        "_timer",
        "afresh",
        "code",
        "doubtful",
        "follows",
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
        "version",
        "wire",
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
        follows: bool = False,
    ) -> None:
        """send: ASGI's. cursor: where it stopped, None: it begins. kinds: all but None, only these.

        subject: only what is about this other person, as far as `person` hears it.
        follows: whether all kinds are with updates, what is new on the person's dashboard.
        """
        self._hub = hub
        self._source = source
        self._end: End | None = None
        self._timer: asyncio.Timeout | None = None
        self.wire = Wire(send, hub.slow_seconds)
        self.person = person
        self.shape = shape
        self.kinds = kinds
        self.follows = follows if kinds is None else UPDATE in kinds
        """Whether it gets updates. Then it begins with the document that they go on from."""
        self.version = 0
        """Of that document."""
        self.subject = subject
        self._about = frozenset({f"student:{subject}", f"mentee:{subject}"} if subject else ())
        self.position = cursor
        self.topics: frozenset[str] = frozenset()
        """All that the person hears, also of a stream about somebody else: rights may name any of it."""
        self.seen: Snapshot | None = None
        """What it was replayed, as long as the reader may still read some of that."""
        self.queue: deque[Batch] | None = None
        """While it is replayed to: what the reader read meanwhile."""
        self.stale = False
        """Its rights have changed since it asked for them, or its queue was full."""
        self.lost = False
        """Nobody can say what it missed."""
        self.doubtful = 0
        """Updates of transactions below this number may tell of what it does not see any more."""
        self.afresh = False
        """There was one: the document is to be read instead of updates."""
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
            opened = True
            try:
                await opening(cursor)
            except Refused:
                opened = False
                raise

        try:
            await self._in_time(open_once)
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
                    await self._in_time(None)
                except (Refused, Unavailable, OSError) as error:
                    self._end = self._why(error)
        finally:
            self._hub.forget(self)
        self._hub.count(end.value)
        return end

    def _why(self, error: Exception) -> End:
        """What an error in the middle of a stream means."""
        if isinstance(error, Expired):
            return End.EXPIRED
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

    async def _in_time(self, opening: Callable[[str | None], Awaitable[None]] | None) -> None:
        """Catch up, as long as the token is good. Raises Refused, Unavailable and OSError."""
        loop = asyncio.get_running_loop()
        deadline = asyncio.timeout_at(loop.time() + self._hub.left(self.person.expires))
        try:
            async with deadline:
                await self._catch_up(opening)
        except TimeoutError:
            if deadline.expired():
                raise Expired from None
            raise

    async def _catch_up(self, opening: Callable[[str | None], Awaitable[None]] | None) -> None:
        """Send what was missed, in the order in which it happened, until nothing is left; then be live."""
        reset = opening is None and not await self._taken()
        told: set[int] = set()
        while True:
            self._hub.attend(self)
            answer = await self._missed(reset or self.lost)
            if self.stale:
                continue
            if self.afresh:
                answer.afresh = True
                answer.events = [event for event in answer.events if event.kind != UPDATE]
            self.topics = frozenset(answer.topics)
            reset = reset or answer.reset or self.lost
            self.lost = False
            # Which events are about `subject`, a replay does not say.
            reset = reset or (self.subject is not None and bool(answer.events))
            if reset:
                self.position = None  # nothing goes on from there
            snapshot = None
            if self.follows and not reset and (self.position is None or answer.afresh):
                snapshot = await self._document()
                if self.stale:
                    continue
            if opening is not None:
                await opening(None if reset or answer.events or snapshot else answer.cursor)
                opening = None
            if reset:
                # The document is younger than the cursor: what it shows already may come as an event, too.
                document = await self._document()
                self._hub.count("reset")
                await self.wire.patiently(self.shape.special("reset", answer.cursor, document or b"null"))
            elif not await self._tell(answer.events, None if snapshot else answer.cursor, told):
                continue
            if snapshot:
                await self.wire.patiently(self.shape.snapshot(answer.cursor, snapshot))
            reset = self.afresh = False
            self.position = answer.cursor
            self.seen = Snapshot.of(answer.cursor)
            self.doubt(self.seen.xmax)
            await self._work_off(told)
            if not self.stale:
                self._hub.admit(self)
                return

    async def _document(self) -> bytes | None:
        """The person's dashboard as of now, if the role has one. Raises Refused and Unavailable."""
        answer = await self._source.document(self.person.claims)
        try:
            known = read_document(answer)
        except UNREADABLE as error:
            raise Unavailable from error
        if known is None:
            return None
        self.version = known.version
        return answer

    async def _missed(self, nothing: bool) -> Replay:
        """What happened since the position. nothing: only what holds from now on."""
        position = None if nothing else self.position
        kinds = EVERYTHING if self.follows and self.kinds is None else self.kinds
        answer = await self._source.replay(self.person.claims, position, kinds)
        try:
            return read_replay(answer)
        except UNREADABLE as error:
            if position is None:
                raise Unavailable from error
            self.lost = True
            return await self._missed(True)

    async def _tell(self, events: list[Event], cursor: str | None, told: set[int]) -> bool:
        """Send events one after the other, as the client takes them; whether they were its own to the last.

        told: those that it has had on this connection; a replay that has to begin anew comes by them again.
        """
        events.reverse()
        while events:
            event = events.pop()  # what was sent need not be kept
            if event.id in told:
                continue
            for message in self.shape.messages([event], None if events else cursor):
                if self.stale:
                    return False
                await self.wire.patiently(message)
            told.add(event.id)
            self._hub.count("delivered")
        return True

    async def _work_off(self, told: set[int]) -> None:
        """Send what came in meanwhile, as long as it is known to be the client's."""
        while self.queue and not self.stale:
            batch = self.queue.popleft()
            rights = [event for event in batch.events if event.kind == RIGHTS and self.fresh(event)]
            if any(map(self.is_touched_by, rights)):
                self.stale = True  # told while it was not known yet what the client hears
                return
            mine = [event for event in batch.events if self.hears(event) and self.fresh(event)]
            if not all(map(self.may_show, mine)):
                self.stale = True
                return
            await self._tell(mine, None, told)

    async def _taken(self) -> bool:
        """Wait until the client has taken what was sent; whether it did in good time. Raises OSError."""
        if await self.wire.quickly(self.shape.probe()):
            return True
        self._hub.count("slow")
        await self.wire.patiently(self.shape.probe())
        return False

    # --- What it hears

    def may_follow(self) -> bool:
        """Whether the person hears of the one whom this stream is about."""
        return self.subject is None or "admin" in self.topics or not self.topics.isdisjoint(self._about)

    def hears(self, event: Event) -> bool:
        """Whether the event is for this client."""
        return (
            event.org == self.person.org
            and not self.topics.isdisjoint(event.topics)
            and self._wants(event)
            and (self.subject is None or not self._about.isdisjoint(event.topics))
        )

    def is_touched_by(self, rights: Event) -> bool:
        """Whether these rights may be the client's."""
        return rights.org == self.person.org and not self.topics.isdisjoint(rights.topics)

    def doubt(self, end: int) -> None:
        """The rights of now are known: who began before this number may have computed with others."""
        self.doubtful = max(self.doubtful, end)

    def may_show(self, event: Event) -> bool:
        """Whether an event says what there is to say, and nothing of before a change of rights."""
        if event.kind == UPDATE and event.txid < self.doubtful:
            self.afresh = True
        return event.is_whole and not self.afresh

    def reached(self, snapshot: Snapshot | None) -> None:
        """The reader stands here: if that is as far as what was replayed, nothing of it can come again."""
        if self.seen is not None and snapshot is not None and snapshot.covers(self.seen):
            self.seen = None

    def fresh(self, event: Event) -> bool:
        """Whether it was not among what was replayed."""
        return self.seen is None or not self.seen.sees(event.txid)

    def awaits(self, event: Event) -> bool:
        """Whether the event, of a topic that it hears, is to be written to it."""
        return (
            self._wants(event)
            and (self.seen is None or not self.seen.sees(event.txid))
            and (self.subject is None or not self._about.isdisjoint(event.topics))
        )

    def _wants(self, event: Event) -> bool:
        """Whether it is of the kinds asked for, and not what the document shows already."""
        if event.kind == UPDATE:
            return self.follows and event.follows(self.version)
        return self.kinds is None or event.kind in self.kinds

    async def ask_again(self) -> None:
        """Ask what the person hears now. Raises Refused and Unavailable."""
        answer = read_topics(await self._source.topics(self.person.claims))
        self.topics = frozenset(answer.topics)
