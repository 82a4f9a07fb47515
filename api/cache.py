"""The response cache: whole answers in this process' memory, purged by what the feed's reader hears.

What an answer stands on is said by tags, and what a change touches by tags of the same kind; both come from
the database (board.document_tags, board.mark_tags), which alone knows. Nothing here knows what a tag means.

An answer is served only within its lease: while the reader has completed a read that it began less than
CACHE_LEASE_SECONDS ago. Whatever was committed before that read was purged by it, so that nobody gets what
was out of date for longer, however the database, the connection or the reader fares. A fill during which
something was purged that it stands on is not kept: it may have been read before the change.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from fnmatch import translate
from re import compile as pattern_of
from sys import intern

from msgspec import Struct

from api.answer import Answer

FILL_SECONDS = 30.0
"""An answer that took longer to make is not kept: nobody remembers what was purged meanwhile."""
WANTED_SECONDS = 30.0
"""For how long after the last look the lease is renewed: who asks nobody needs no lease."""
PER_PERSON = 64
"""So many answers are kept of one person, so that no variety of questions drives the others' out."""
KEY_BYTES = 256
"""Path and query of what is kept may be as long as that together: no answer that differs has a longer one."""
TAG_BYTES = 120
"""What a tag takes beside an answer, about."""

Key = tuple[str, str, str, bytes]
"""Of whom (org:person), in which role, which path, which query."""


class Fill(Struct):
    """An answer that is being made, and may be kept."""

    key: Key
    org: int
    begun: int
    """What had been purged by then."""
    at: float
    """When, by the cache's clock."""
    tags: list[str] = []
    seconds: float = 0.0
    """How long it may be kept at most, counted from `at`."""

    def read(self, row: tuple[bytes, bytes, bytes]) -> bytes:
        """The document of an api.cacheable; its tags and seconds are taken down."""
        document, tags, seconds = row
        self.tags = tags[1:-1].decode().split(",") if len(tags) > 2 and tags != b"null" else []
        self.seconds = 0.0 if seconds == b"null" else float(seconds)
        return document


class Kept:
    """An answer that is kept."""

    __slots__ = ("answer", "key", "size", "tags", "until")

    def __init__(self, key: Key, answer: Answer, tags: list[str], until: float) -> None:
        self.key = key
        self.answer = answer
        self.tags = tags
        self.until = until
        self.size = answer.size + TAG_BYTES * len(tags) + len(key[2]) + len(key[3])


class Cache:
    """The answers of one process. Times are in seconds by `clock`."""

    def __init__(
        self,
        *,
        limit_bytes: int,
        lease_seconds: float,
        ttl_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """limit_bytes: 0 keeps nothing. ttl_seconds: how long an answer is kept at most."""
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self._limit = limit_bytes
        self._lease = lease_seconds
        self._ttl = ttl_seconds
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._tagged: dict[str, set[Key]] = {}
        self._mine: dict[str, OrderedDict[Key, None]] = {}
        self._proven = self._void_before = float("-inf")
        self._wanted = float("-inf")
        self._sequence = 0
        self._flushed = 0
        self._purged: dict[str, int] = {}
        self._purged_before: dict[str, int] = {}
        self._turned = clock()

    # --- The lease

    def proves(self, began: float) -> None:
        """All that was committed before `began` has been purged."""
        self._proven = max(self._proven, began)

    def lapse(self) -> None:
        """Serve nothing until a read has been completed that begins from now on."""
        self._void_before = self.clock()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody has looked lately, so that the lease is worth renewing."""
        return self.clock() - self._wanted < WANTED_SECONDS

    @property
    def lease_seconds(self) -> float:
        """For how long a read proves what is kept."""
        return self._lease

    # --- Reading and keeping

    @property
    def keeps(self) -> bool:
        """Whether there is room for anything at all."""
        return self._limit > 0

    def find(self, key: Key) -> Answer | None:
        """The answer that is kept, if it may be served now. Who serves it counts a hit."""
        now = self._wanted = self.clock()
        kept = self._kept.get(key)
        if kept is None:
            return None
        if now - self._proven >= self._lease or self._proven < self._void_before:
            return None
        if now >= kept.until:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def begin(self, key: Key, org: int, *, asked: bool = True) -> Fill:
        """Say, before the database is asked, that an answer is being made.

        asked: whether somebody waits for it, as there was none to be served.
        """
        self.counts["misses"] += asked
        self.counts["lapsed"] += asked and key in self._kept
        return Fill(key, org, self._sequence, self.clock())

    def keep(self, fill: Fill, answer: Answer) -> bool:
        """Keep an answer; False if it is not to be kept. Of two for one key, the later begun stays."""
        now = self.clock()
        until = fill.at + min(fill.seconds, self._ttl)
        tags = [intern(tagged(fill.org, tag)) for tag in dict.fromkeys(fill.tags)]
        tags += [everything(fill.org), about(fill.key[0])]
        if until <= now:
            return False
        if now - fill.at > FILL_SECONDS or self._was_purged(fill.begun, tags):
            self.counts["raced"] += 1
            return False
        kept = Kept(fill.key, answer, tags, until)
        if kept.size > self._limit:
            return False
        self._drop(fill.key)
        self._kept[fill.key] = kept
        self._bytes += kept.size
        for tag in tags:
            self._tagged.setdefault(tag, set()).add(fill.key)
        mine = self._mine.setdefault(fill.key[0], OrderedDict())
        mine[fill.key] = None
        self.counts["stored"] += 1
        if len(mine) > PER_PERSON:
            self._evict(next(iter(mine)))
        while self._bytes > self._limit:
            self._evict(next(iter(self._kept)))
        return True

    def _was_purged(self, begun: int, tags: Iterable[str]) -> bool:
        if self._flushed > begun:
            return True
        return any(
            self._purged.get(tag, 0) > begun or self._purged_before.get(tag, 0) > begun for tag in tags
        )

    # --- Purging

    def purge(self, tags: Iterable[str]) -> int:
        """Drop what stands on any of these, and keep nothing of it that is being made; how many were dropped.

        tags: as `tagged`, `about` and `everything` write them.
        """
        self._turn()
        self._sequence += 1
        dropped = 0
        for tag in tags:
            self._purged[tag] = self._sequence
            for key in list(self._tagged.get(tag, ())):
                dropped += self._drop(key)
        self.counts["purged"] += dropped
        return dropped

    def flush(self) -> None:
        """Drop everything: nobody knows what has changed."""
        self._sequence += 1
        self._flushed = self._sequence
        self.counts["flushes"] += 1
        self.counts["purged"] += len(self._kept)
        self._kept.clear()
        self._tagged.clear()
        self._mine.clear()
        self._bytes = 0

    def invalidate(self, org: int, pattern: str | None, person: str | None) -> int:
        """Drop an organization's answers: those of a person, of paths like the pattern (with *), or all."""
        if pattern is None:
            return self.purge([everything(org) if person is None else about(f"{org}:{person}")])
        fits = pattern_of(translate(pattern.rstrip("/") or "/")).match
        keys = [
            key
            for key in self._tagged.get(everything(org), ())
            if fits(key[2]) and (person is None or key[0] == f"{org}:{person}")
        ]
        # What is being made may be of such a path, too.
        self._sequence += 1
        self._flushed = self._sequence
        dropped = sum(map(self._drop, keys))
        self.counts["purged"] += dropped
        return dropped

    def holds(self, key: Key) -> bool:
        """Whether an answer is kept, whatever its lease."""
        return key in self._kept

    def _evict(self, key: Key) -> None:
        self._drop(key)
        self.counts["evicted"] += 1

    def _drop(self, key: Key) -> bool:
        """Forget an answer; whether there was one."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return False
        self._bytes -= kept.size
        for tag in kept.tags:
            tagged = self._tagged[tag]
            tagged.discard(key)
            if not tagged:
                del self._tagged[tag]
        mine = self._mine[key[0]]
        del mine[key]
        if not mine:
            del self._mine[key[0]]
        return True

    def _turn(self) -> None:
        """Forget what was purged so long ago that no fill is that old."""
        now = self.clock()
        if now - self._turned > FILL_SECONDS:
            self._turned = now
            self._purged_before, self._purged = self._purged, {}

    def stats(self) -> dict[str, int]:
        """Counts since the start, and what there is now."""
        names = ("hits", "misses", "lapsed", "stored", "raced", "evicted", "purged", "flushes", "warmed")
        return {
            "entries": len(self._kept),
            "bytes": self._bytes,
            "limit_bytes": self._limit,
            **{name: self.counts[name] for name in names},
        }


def tagged(org: int, tag: str) -> str:
    """A tag of the database's."""
    return f"{org} {tag}"


def everything(org: int) -> str:
    """The tag that all answers of an organization have."""
    return f"{org} *"


def about(who: str) -> str:
    """The tag that all answers of a person have. who: org:person."""
    return f"{who} *"
