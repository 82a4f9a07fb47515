"""What has gathered is read in portions of whole transactions, each event once; replays have an end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.support import feed, school
from tests.support.feed import Connection, Event, value
from tests.support.servers import Database

SEND = "select feed.send_to_group(%s, 'role:student', %s, '{}')"
MANY = (
    "insert into feed.event (org_id, topics, kind, payload) "
    "select %s, '{role:student}', 'n', '{}' from generate_series(1, %s)"
)
LARGE = (
    "insert into feed.event (org_id, topics, kind, payload) "
    "select %s, '{role:student}', 'n', json_build_object('a', repeat('x', 100000)) "
    "from generate_series(1, %s)"
)
RIGHTS = "select feed.tell_rights(array[%s::bigint], array['role:student'])"


@pytest.fixture
def db(database: Database) -> Iterator[Connection]:
    """A superuser's session."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def org(db: Connection) -> int:
    """An organization, in an epoch that has begun."""
    value(db, "select feed.current_epoch()")
    return school.make_org(db)


def portions(api: Connection, since: str, most: int) -> tuple[list[list[Event]], str]:
    """Read on while there is more; the portions, and the cursor at the end."""
    found = []
    while True:
        answer = feed.read(api, since, most)
        assert answer["reset"] is False
        assert answer["cursor"] != since or not answer["events"]
        found.append(answer["events"])
        since = answer["cursor"]
        if "more" not in answer:
            return found, since
        assert answer["more"] is True and answer["events"]


def news(events: list[Event]) -> list[int]:
    """The ids of what is no rights."""
    return [event["id"] for event in events if event["kind"] != "rights"]


def test_portions_are_whole_transactions_in_order(api: Connection, db: Connection, org: int) -> None:
    since = feed.cursor(api)
    for number in (2, 3, 1, 4, 9, 1, 1):
        db.execute(MANY, (org, number))
    read, end = portions(api, since, 5)
    assert [len(portion) for portion in read] == [5, 5, 9, 2]
    assert len({event["txid"] for portion in read for event in portion}) == 7
    assert feed.read(api, end)["events"] == []
    assert len(feed.events(api, since)) == 21


@pytest.mark.parametrize("seed", range(6))
def test_every_event_is_in_one_portion_whoever_stays_open(
    database: Database, api: Connection, db: Connection, org: int, seed: int
) -> None:
    chance = random.Random(seed)
    with ExitStack() as stack:
        writers = [stack.enter_context(database.connect(autocommit=False)) for _ in range(6)]
        since = begin = feed.cursor(api)
        seen: list[int] = []
        kept = [since]
        for _ in range(60):
            for _ in range(chance.randrange(6)):
                writer = chance.choice(writers)
                if chance.random() < 0.6:
                    writer.execute(SEND, (org, "n"))
                elif chance.random() < 0.8:
                    writer.commit()
                else:
                    writer.rollback()
            answer = feed.read(api, since, chance.choice((1, 1, 2, 3, 50)))
            assert answer["reset"] is False
            seen += news(answer["events"])
            since = answer["cursor"]
            kept.append(since)
        for writer in writers:
            writer.commit()
    read, end = portions(api, since, 2)
    for portion in read:
        seen += news(portion)
    written = {row[0] for row in db.execute("select id from feed.event where kind = 'n'")}
    assert len(seen) == len(set(seen)) and set(seen) == written
    # Each cursor on the way is one to go on with; it knows ever more.
    left = [set(news(feed.events(api, cursor))) for cursor in (begin, *kept, end)]
    assert all(later <= earlier for earlier, later in pairwise(left))
    assert left[0] == written and left[-1] == set()


def test_who_was_open_and_is_held_back_comes_with_the_next_portion(
    database: Database, api: Connection, db: Connection, org: int
) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(database.connect(autocommit=False)) for _ in range(4)]
        for number, writer in enumerate(writers):
            writer.execute(SEND, (org, f"w{number}"))
        db.execute(SEND, (org, "first"))
        since = feed.cursor(api)
        for writer in (writers[3], writers[0], writers[1]):
            writer.commit()
        db.execute(SEND, (org, "last"))
        read = []
        for _ in range(4):
            answer = feed.read(api, since, 1)
            read += [event["kind"] for event in answer["events"]]
            since = answer["cursor"]
        assert read == ["w0", "w1", "w3", "last"] and "more" not in answer
        writers[2].commit()
    assert feed.kinds(api, since) == ["w2"]


def test_rights_come_before_what_may_have_been_committed_after_them(
    database: Database, api: Connection, db: Connection, org: int
) -> None:
    with database.connect(autocommit=False) as slow:
        since = feed.cursor(api)
        slow.execute(SEND, (org, "secret"))
        db.execute(SEND, (org, "n"))
        db.execute(RIGHTS, (org,))
        slow.commit()
    first = feed.read(api, since, 1)
    assert first["more"] is True
    assert sorted(event["kind"] for event in first["events"]) == ["rights", "secret"]
    second = feed.read(api, first["cursor"], 1)
    assert sorted(event["kind"] for event in second["events"]) == ["n", "rights"]
    assert [event["kind"] for event in feed.events(api, second["cursor"])] == ["rights"]


def test_a_transaction_is_not_divided_and_has_an_end(api: Connection, db: Connection, org: int) -> None:
    since = feed.cursor(api)
    db.execute(MANY, (org, 3))
    db.execute(MANY, (org, 50_000))
    db.execute(MANY, (org, 3))
    read, end = portions(api, since, 10_000)
    assert [len(portion) for portion in read] == [3, 50_000, 3]
    db.execute(SEND, (org, "before"))
    db.execute(MANY, (org, 50_001))
    portion = feed.read(api, end, 10_000)
    assert [event["kind"] for event in portion["events"]] == ["before"] and portion["more"] is True
    assert feed.read(api, portion["cursor"], 10_000) == {"cursor": None, "reset": True, "events": []}


def test_portions_are_bounded_by_their_size(api: Connection, db: Connection, org: int) -> None:
    since = feed.cursor(api)
    for _ in range(4):
        db.execute(LARGE, (org, 60))
    read, end = portions(api, since, 10_000)
    assert [len(portion) for portion in read] == [120, 120]
    db.execute(LARGE, (org, 600))
    (only,), end = portions(api, end, 10_000)
    assert len(only) == 600
    db.execute(LARGE, (org, 700))
    assert feed.read(api, end)["reset"] is True


def test_a_replay_is_bounded_by_its_size(api: Connection, db: Connection, org: int) -> None:
    student = feed.claims(org, school.make_person(db, org, "student"), "student")
    other = feed.claims(org, school.make_person(db, org, "teacher"), "teacher")
    since = feed.cursor(api)
    db.execute(LARGE, (org, 80))
    assert len(feed.replay(api, student, since)["events"]) == 80
    db.execute(LARGE, (org, 10))
    answer = feed.replay(api, student, since)
    assert (answer["reset"], answer["events"]) == (True, [])
    # Others' do not count, and those that are not wanted.
    assert feed.replay(api, other, since)["reset"] is False
    assert feed.replay(api, student, since, ["grade"])["reset"] is False
