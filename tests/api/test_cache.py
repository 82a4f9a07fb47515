"""The response cache by itself: what it keeps, for how long, and what makes it forget."""

from __future__ import annotations

import pytest

from api.answer import Answer
from api.cache import FILL_SECONDS, PER_PERSON, Cache, Fill, Key, about, everything, tagged

JSON = [(b"content-type", b"application/json")]
ADA: Key = ("1:ada", "student", "/dashboard", b"")
BEN: Key = ("1:ben", "student", "/dashboard", b"")
OTHER: Key = ("2:ada", "student", "/dashboard", b"")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    """A cache whose lease holds."""
    found = Cache(limit_bytes=100_000, lease_seconds=0.25, ttl_seconds=300, clock=clock)
    found.proves(clock())
    return found


def fill(cache: Cache, key: Key, *tags: str, seconds: float = 60) -> Fill:
    """Begin to make an answer that stands on these."""
    begun = cache.begin(key, int(key[0][0]))
    begun.tags, begun.seconds = list(tags), seconds
    return begun


def keep(cache: Cache, key: Key, *tags: str, body: bytes = b"{}", seconds: float = 60) -> bool:
    """Make an answer and keep it."""
    return cache.keep(fill(cache, key, *tags, seconds=seconds), Answer(200, JSON, body))


def body(cache: Cache, key: Key) -> bytes | None:
    """What is served."""
    found = cache.find(key)
    return None if found is None else found.body


def test_an_answer_is_served_to_whom_it_was_made_for(cache: Cache) -> None:
    assert keep(cache, ADA, body=b"ada")
    assert body(cache, ADA) == b"ada"
    for key in (BEN, OTHER, ("1:ada", "parent", *ADA[2:]), (*ADA[:2], "/other", b""), (*ADA[:3], b"a=1")):
        assert body(cache, key) is None


def test_nothing_is_served_beyond_the_lease(cache: Cache, clock: Clock) -> None:
    keep(cache, ADA)
    clock.now += 0.249
    assert body(cache, ADA) == b"{}"
    clock.now += 0.001
    assert body(cache, ADA) is None
    fill(cache, ADA)
    assert (cache.stats()["lapsed"], cache.stats()["misses"]) == (1, 2)
    cache.proves(clock() - 0.25)  # a read that took as long as the lease proves nothing
    assert body(cache, ADA) is None
    cache.proves(clock() - 0.1)
    assert body(cache, ADA) == b"{}"
    cache.proves(clock() - 1)  # of two reads the later begun counts
    assert body(cache, ADA) == b"{}"


def test_after_a_write_that_nobody_could_follow_a_later_read_is_needed(cache: Cache, clock: Clock) -> None:
    keep(cache, ADA)
    clock.now += 0.01
    cache.lapse()
    assert body(cache, ADA) is None
    cache.proves(clock() - 0.005)
    assert body(cache, ADA) is None, "it began before the write had ended"
    clock.now += 0.01
    cache.proves(clock())
    assert body(cache, ADA) == b"{}"


@pytest.mark.parametrize(("seconds", "held"), [(10, 10), (1000, 300)], ids=["document", "cache"])
def test_an_answer_ends(cache: Cache, clock: Clock, seconds: float, held: float) -> None:
    keep(cache, ADA, seconds=seconds)
    clock.now += held - 0.01
    cache.proves(clock())
    assert body(cache, ADA) == b"{}"
    clock.now += 0.01
    cache.proves(clock())
    assert body(cache, ADA) is None
    assert not keep(cache, ADA, seconds=0), "it is over already"
    assert cache.stats()["entries"] == cache.stats()["bytes"] == 0


def test_the_time_counts_from_before_the_document_was_read(cache: Cache, clock: Clock) -> None:
    late = fill(cache, ADA, seconds=5)
    clock.now += 5
    assert not cache.keep(late, Answer(200, JSON, b"{}"))


def test_a_change_purges_what_stands_on_it(cache: Cache) -> None:
    keep(cache, ADA, "x", "y")
    keep(cache, BEN, "y", "z", "y")
    keep(cache, OTHER, "x", "y")
    assert cache.purge([tagged(1, "x")]) == 1
    assert (body(cache, ADA), body(cache, BEN), body(cache, OTHER)) == (None, b"{}", b"{}")
    assert cache.purge([tagged(1, "y"), tagged(1, "z")]) == 1, "each once"
    assert body(cache, OTHER) == b"{}", "another organization's is another's"
    assert cache.purge([about("2:ada")]) == 1
    assert cache.stats()["entries"] == cache.stats()["bytes"] == 0


@pytest.mark.parametrize("tag", [tagged(1, "x"), about("1:ada"), everything(1)])
def test_an_answer_that_raced_with_a_purge_is_not_kept(cache: Cache, tag: str) -> None:
    raced = fill(cache, ADA, "x")
    cache.purge([tag])
    assert not cache.keep(raced, Answer(200, JSON, b"old"))
    assert cache.stats()["raced"] == 1
    assert keep(cache, ADA, "x"), "one begun later is"


def test_what_was_purged_is_remembered_for_as_long_as_an_answer_may_take(cache: Cache, clock: Clock) -> None:
    keep(cache, ADA)
    clock.now += FILL_SECONDS / 2
    raced = fill(cache, ADA, "x")
    cache.purge([tagged(1, "x")])
    for _ in range(3):
        clock.now += FILL_SECONDS / 3
        cache.purge([tagged(1, "other")])
    assert not cache.keep(raced, Answer(200, JSON, b"old"))
    slow = fill(cache, ADA, "x")
    clock.now += FILL_SECONDS + 1
    assert not cache.keep(slow, Answer(200, JSON, b"old")), "nobody knows any more"


def test_other_changes_let_an_answer_be_kept(cache: Cache) -> None:
    begun = fill(cache, ADA, "x")
    cache.purge([tagged(2, "x"), tagged(1, "y"), about("1:ben"), everything(2)])
    assert cache.keep(begun, Answer(200, JSON, b"{}"))


def test_a_flush_forgets_everything_and_what_is_being_made(cache: Cache) -> None:
    keep(cache, ADA, "x")
    begun = fill(cache, BEN)
    cache.flush()
    assert body(cache, ADA) is None
    assert not cache.keep(begun, Answer(200, JSON, b"old"))
    assert cache.stats()["entries"] == cache.stats()["bytes"] == 0


def test_memory_is_bounded_and_the_longest_unused_goes(cache: Cache) -> None:
    def key(number: int) -> Key:
        return (f"1:{number}", "student", "/dashboard", b"")

    for number in range(40):
        assert keep(cache, key(number), "x", body=b"0" * 4000)
        assert body(cache, key(0)), "used all the time"
    stats = cache.stats()
    assert stats["bytes"] <= stats["limit_bytes"]
    assert stats["evicted"] == 40 - stats["entries"] > 0
    assert body(cache, key(39)) and not body(cache, key(1))
    assert not keep(cache, BEN, body=b"0" * 100_000), "none that is larger than all"
    cache.purge([tagged(1, "x")])
    assert cache.stats()["bytes"] == 0


def test_what_is_asked_takes_memory_too(cache: Cache) -> None:
    assert keep(cache, (*ADA[:2], "/dashboard", b""))
    before = cache.stats()["bytes"]
    assert keep(cache, (*BEN[:2], "/dashboard", b"q" * 5000))
    assert 2 * before + 5000 - 10 <= cache.stats()["bytes"] <= 2 * before + 5010


def test_nobody_has_more_than_some(cache: Cache) -> None:
    for number in range(PER_PERSON + 10):
        keep(cache, (*ADA[:3], b"q=%d" % number))
    keep(cache, BEN)
    assert cache.stats()["entries"] == PER_PERSON + 1
    assert body(cache, (*ADA[:3], b"q=0")) is None


@pytest.mark.parametrize(
    ("pattern", "person", "left"),
    [
        (None, None, {OTHER}),
        (None, "ada", {BEN, OTHER}),
        ("/dash*", None, {OTHER}),
        ("/dashboard/", "ben", {ADA, OTHER}),
        ("/dash", None, {ADA, BEN, OTHER}),
        ("*", "cleo", {ADA, BEN, OTHER}),
    ],
)
def test_an_admin_has_answers_forgotten(
    cache: Cache, pattern: str | None, person: str | None, left: set[Key]
) -> None:
    for key in (ADA, BEN, OTHER):
        keep(cache, key)
    begun = fill(cache, ADA)
    cache.invalidate(1, pattern, person)
    assert {key for key in (ADA, BEN, OTHER) if body(cache, key)} == left
    touched = ADA not in left
    assert not (touched and cache.keep(begun, Answer(200, JSON, b"old"))), (
        "nor is one kept that was begun before"
    )


def test_without_memory_nothing_is_kept(clock: Clock) -> None:
    none = Cache(limit_bytes=0, lease_seconds=0.25, ttl_seconds=300, clock=clock)
    none.proves(clock())
    assert not keep(none, ADA)
    assert body(none, ADA) is None
