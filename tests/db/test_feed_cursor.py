"""Cursors: what is committed since is found, whenever written; what is no cursor begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db.apply import migrate
from tests.support import feed, school
from tests.support.feed import value
from tests.support.servers import Database

SEND = "select feed.send_to_group(%s, 'role:student', %s, '{}')"


@pytest.fixture
def db(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def api(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A session of the API's login."""
    with database.connect("homeroom_api") as connection:
        yield connection


@pytest.fixture
def org(db: psycopg.Connection[Any]) -> int:
    """An organization, in an epoch that has begun: with it goes what was written before."""
    value(db, "select feed.current_epoch()")
    return school.make_org(db)


@pytest.fixture
def student(db: psycopg.Connection[Any], org: int) -> str:
    """Claims of a student who hears what the tests send."""
    return feed.claims(org, school.make_person(db, org, "student"), "student")


def resets(api: psycopg.Connection[Any], student: str, since: str) -> tuple[bool, bool]:
    """Whether a process and a person with this cursor begin anew: then they get nothing of the past."""
    mine, ours = feed.replay(api, student, since), feed.read(api, since)
    assert not (mine["reset"] and mine["events"]) and not (ours["reset"] and ours["events"])
    assert (ours["cursor"] is None) == ours["reset"]
    assert feed.replay(api, student, mine["cursor"])["reset"] is False
    return mine["reset"], ours["reset"]


def test_transactions_that_commit_out_of_order_are_all_found(
    database: Database, api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    with (
        database.connect(autocommit=False) as first,
        database.connect(autocommit=False) as second,
        database.connect(autocommit=False) as third,
    ):
        since = feed.cursor(api)
        for place, writer in enumerate((first, second, third)):
            writer.execute(SEND, (org, f"n{place}"))
        assert feed.kinds(api, since) == []
        seen: list[str] = []
        cursors = [since]
        for writer in (second, third, first):
            writer.commit()
            seen += feed.kinds(api, cursors[-1])
            cursors.append(feed.read(api, cursors[-1])["cursor"])
            cursors.append(feed.replay(api, student, cursors[-1])["cursor"])
        assert seen == ["n1", "n2", "n0"]
    # From each of the cursors, what was not known there, and nothing else.
    remaining = [["n0", "n1", "n2"], ["n0", "n2"], ["n0", "n2"], ["n0"], ["n0"], [], []]
    assert [feed.kinds(api, one) for one in cursors] == remaining
    told = [[e["kind"] for e in feed.replay(api, student, one)["events"]] for one in cursors]
    assert told == remaining


def test_a_transaction_that_stays_open_loses_nothing_and_holds_nobody_up(
    database: Database, api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    with database.connect(autocommit=False) as slow:
        slow.execute(SEND, (org, "slow"))
        since = begin = feed.cursor(api)
        for number in range(50):
            db.execute(SEND, (org, f"n{number}"))
            answer = feed.read(api, since)
            assert [event["kind"] for event in answer["events"]] == [f"n{number}"]
            since = answer["cursor"]
        # What was read once is not looked at again: the cursor's end goes along with the events.
        assert int(since.split(":")[1]) > int(begin.split(":")[1]) + 45
        slow.commit()
    assert feed.kinds(api, since) == ["slow"]
    assert len(feed.replay(api, student, begin)["events"]) == 51


def test_reading_is_a_range_of_the_index(api: psycopg.Connection[Any], db: psycopg.Connection[Any]) -> None:
    """From the snapshot's end, and those that were open one by one; never from its beginning."""
    db.execute("load 'auto_explain'")
    db.execute("set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on")
    plans: list[str] = []
    db.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
    db.execute("set client_min_messages = log; set auto_explain.log_level = log")
    since = feed.cursor(db)
    plans.clear()
    feed.read(db, since)
    (plan,) = [text for text in plans if "Index Cond: (txid >= $" in text]
    assert "Index Cond: (txid = ANY ($" in plan and "Seq Scan on event" not in plan
    # In the index's order, so that it is read no further than wanted.
    assert "Limit" in plan and "Merge Append" in plan


def test_what_the_reading_transaction_wrote_comes_after_its_commit(
    database: Database, api: psycopg.Connection[Any], org: int, student: str
) -> None:
    with database.connect(autocommit=False) as own:
        since = feed.cursor(own)
        for number in range(2):
            own.execute(SEND, (org, f"n{number}"))
            answer = feed.read(own, since)
            assert answer["events"] == []
            since = answer["cursor"]
            since = feed.cursor(own) if number else since
        own.commit()
    assert feed.kinds(api, since) == ["n0", "n1"]


def test_savepoints_and_what_was_taken_back(
    database: Database, api: psycopg.Connection[Any], org: int
) -> None:
    with database.connect(autocommit=False) as writer:
        since = feed.cursor(api)
        writer.execute(SEND, (org, "gone"))
        writer.rollback()
        writer.execute("savepoint a")
        writer.execute(SEND, (org, "kept"))
        writer.execute("savepoint b")
        writer.execute(SEND, (org, "undone"))
        writer.execute("rollback to b")
        writer.execute(SEND, (org, "last"))
        between = feed.read(api, since)
        assert between["events"] == []
        writer.commit()
    assert feed.kinds(api, between["cursor"]) == feed.kinds(api, since) == ["kept", "last"]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "x", "{epoch}", "{epoch}.", "{epoch}.1", "{epoch}.1:1", "{epoch}.5:3:", "{epoch}.3:5:7",
        "{epoch}.3:5:4,3",
        "{epoch}.0:0:", "{epoch}.-3:5:", "{epoch}.3:5:4,", "{epoch}.3:5:,4", "{epoch}.3:5: 4",
        " {epoch}.3:3:", "{epoch}.3:3:\n",
        "{epoch}.3:99999999999999999999:", "{epoch}.3:3:x",
        "{epoch}.99999999999999999999:99999999999999999999:",
        "{epoch}.3:18446744073709551615:", "000000000000.3:3:", ".3:3:", "{epoch}.3:3:.3:3:",
        "{upper}.3:3:", "{epoch}.٣:٣:",
        "{epoch}.3:3:'; drop table feed.event; --", "{epoch}.3:3:' or true --",
        "{epoch}.3:3:$$", "{epoch}.3:3:%s",
        "{epoch}.3:9:{many}",
    ],
)  # fmt: skip
def test_what_is_no_cursor_begins_anew(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str, text: str
) -> None:
    db.execute(SEND, (org, "there"))
    epoch = feed.cursor(api).split(".")[0]
    many = ",".join(["4"] * 20_000)
    since = text.format(epoch=epoch, upper="ABCDEF012345", many=many)
    assert resets(api, student, since) == (True, True)
    assert value(db, "select count(*) from feed.event where kind = 'there'") == 1


def test_no_cursor_is_no_reset_for_who_starts(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    db.execute(SEND, (org, "past"))
    answer = feed.replay(api, student, None)
    assert (answer["reset"], answer["events"]) == (False, [])
    db.execute(SEND, (org, "next"))
    assert [e["kind"] for e in feed.replay(api, student, answer["cursor"])["events"]] == ["next"]
    assert feed.read(api, None)["reset"] is True


def test_a_cursor_of_the_future_begins_anew(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], student: str
) -> None:
    epoch = feed.cursor(api).split(".")[0]
    end = int(value(db, "select pg_snapshot_xmax(pg_current_snapshot())::text"))
    assert resets(api, student, f"{epoch}.{end}:{end}:") == (False, False)
    assert resets(api, student, f"{epoch}.{end}:{end + 1_000_000}:") == (True, True)


def test_a_cursor_says_nothing_after_the_last_event(
    database: Database, api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int
) -> None:
    """What aborts is not on disk yet: a crash may give its number to another, who is not known yet."""
    db.execute(SEND, (org, "last"))
    txid = int(value(db, "select max(txid::text::bigint) from feed.event"))
    with database.connect(autocommit=False) as other:
        for _ in range(3):
            other.execute("select pg_current_xact_id()")
            other.rollback()
    assert feed.cursor(api).split(".")[1] == f"{txid + 1}:{txid + 1}:"
    assert feed.read(api, feed.cursor(api))["cursor"] == feed.cursor(api)


def test_too_many_events_begin_anew(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    since = feed.cursor(api)
    limit = value(db, "select feed.replay_limit()")
    many = "select count(feed.send_to_group(%s, 'role:student', 'n', '{}')) from generate_series(1, %s)"
    db.execute(many, (org, limit))
    assert len(feed.replay(api, student, since)["events"]) == limit
    assert feed.read(api, since, limit)["reset"] is False
    # Others' do not count.
    db.execute(many, (school.make_org(db), 5))
    assert len(feed.replay(api, student, since)["events"]) == limit
    portion = feed.read(api, since, limit)
    assert (portion["reset"], portion["more"], len(portion["events"])) == (False, True, limit)
    assert len(feed.events(api, portion["cursor"])) == 5
    db.execute(many, (org, 1))
    assert resets(api, student, since) == (True, False)


def test_retention_drops_days_and_who_has_missed_them_begins_anew(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    today = datetime.now(UTC).date()
    db.execute("select feed.provide_days(%s, %s)", (today - timedelta(days=6), today))
    before = feed.cursor(api)
    for days in (5, 5, 2):
        db.execute(SEND, (org, f"d{days}"))
        db.execute(
            "update feed.event set at = at - %s where at > now() - interval '1 hour'", (timedelta(days=days),)
        )
        if days == 5:
            between = feed.cursor(api)
    assert [e["kind"] for e in feed.replay(api, student, before)["events"]] == ["d5", "d5", "d2"]
    assert value(db, "select feed.drop_days()") >= 2
    assert value(db, "select count(*) from feed.event") == 1
    assert resets(api, student, before) == (True, True)
    assert resets(api, student, between) == (False, False)
    assert feed.kinds(api, between) == ["d2"]
    # Quiet for so long that all is gone: who has heard the last one has missed nothing.
    last = feed.cursor(api)
    db.execute("update ops.setting set value = 1 where name = 'feed_days'")
    assert value(db, "select feed.drop_days()") >= 1
    assert value(db, "select count(*) from feed.event") == 0
    assert resets(api, student, last) == (False, False)
    assert feed.cursor(api) == last
    assert resets(api, student, between) == (True, True)


def test_a_day_without_a_partition_is_caught_and_moves(
    api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int, student: str
) -> None:
    today = datetime.now(UTC).date()
    since = feed.cursor(api)
    db.execute(f"drop table feed.event_{today:%Y_%m_%d}".encode())
    db.execute(SEND, (org, "caught"))
    assert value(db, "select count(*) from feed.event_other") == 1
    assert value(db, "select feed.provide_days(%s, %s)", today, today) == 1
    assert value(db, "select count(*) from feed.event_other") == 0
    assert feed.kinds(api, since) == ["caught"]
    db.execute("update feed.event set at = at - interval '10 days'")
    assert value(db, "select count(*) from feed.event_other") == 1
    db.execute("select feed.drop_days()")
    assert resets(api, student, since) == (True, True)


def test_whoever_writes_holds_retention_up_and_not_the_reverse(
    database: Database, db: psycopg.Connection[Any], org: int
) -> None:
    today = datetime.now(UTC).date()
    db.execute("select feed.provide_days(%s, %s)", (today - timedelta(days=9), today))
    with database.connect(autocommit=False) as writer:
        writer.execute(SEND, (org, "n"))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("select feed.drop_days()")
        writer.commit()
    assert value(db, "select feed.drop_days()") >= 5


@pytest.mark.parametrize(
    ("seen", "following", "expected"),
    [
        ("998:1003:998,999,1000", 1003, "998:1003:998,999,1000"),
        ("998:1003:998,1000", 1003, "998:1003:998,1000"),
        ("998:1003:998,999,1000", 1000, "998:1000:998,999"),
        ("9:1003:9,99,100,999,1000", 1003, "9:1003:9,99,100,999,1000"),
        ("998:1003:998", 998, "998:998:"),
    ],
)
def test_transactions_in_a_cursor_are_in_order_of_their_numbers(
    db: psycopg.Connection[Any], seen: str, following: int, expected: str
) -> None:
    text = value(db, "select feed.cursor_text('abc', %s, %s::text::xid8)", seen, following)
    assert text == f"abc.{expected}"
    assert value(db, "select %s::pg_snapshot::text", text.removeprefix("abc.")) == expected


def age(db: psycopg.Connection[Any], kind: str, days: int) -> None:
    """Have an event been written so many days ago."""
    db.execute(
        "update feed.event set at = at - %s where kind = %s and at > now() - interval '1 hour'",
        (timedelta(days=days), kind),
    )


@pytest.mark.parametrize("has_partition", [True, False])
def test_an_old_transaction_that_stays_open_resets_nobody_who_has_missed_nothing(
    database: Database,
    api: psycopg.Connection[Any],
    db: psycopg.Connection[Any],
    org: int,
    student: str,
    has_partition: bool,
) -> None:
    today = datetime.now(UTC).date()
    if has_partition:
        db.execute("select feed.provide_days(%s, %s)", (today - timedelta(days=6), today))
    with (
        database.connect(autocommit=False) as old,
        database.connect(autocommit=False) as short,
        database.connect(autocommit=False) as writer,
    ):
        old.execute("select pg_current_xact_id()")
        begin = feed.cursor(api)
        short.execute(SEND, (org, "gone"))
        if not has_partition:
            writer.execute(SEND, (org, "late"))
        db.execute(SEND, (org, "gone"))
        between = feed.cursor(api)
        short.commit()
        knowing = feed.cursor(api)
        age(db, "gone", 5)
        dropped = feed.cursor(api) if has_partition else None
        if has_partition:
            assert value(db, "select feed.drop_days()") >= 1
        else:
            assert value(db, "select feed.drop_days()") == 0
        assert value(db, "select count(*) from feed.event where kind = 'gone'") == 0
        # Of before: one did not know any of what is gone, one not that of whoever was open.
        assert resets(api, student, begin) == (True, True)
        assert resets(api, student, between) == (True, True)
        # Both knew all of it; the transaction that is still open has lost nothing.
        for since in (knowing, dropped or knowing, feed.cursor(api)):
            assert resets(api, student, since) == (False, False)
        now = feed.cursor(api)
        assert feed.read(api, now)["cursor"] == now
        old.execute(SEND, (org, "old"))
        old.commit()
        writer.commit()
        late = [] if has_partition else ["late"]
        assert sorted(feed.kinds(api, now)) == [*late, "old"]
        assert sorted(feed.kinds(api, knowing)) == [*late, "old"]


def test_who_reads_for_long_stalls_neither_makers_of_days_nor_readers_behind_them(
    database: Database, api: psycopg.Connection[Any], db: psycopg.Connection[Any], org: int
) -> None:
    today = datetime.now(UTC).date()
    since = feed.cursor(api)
    days = (today + timedelta(days=20), today + timedelta(days=20))
    db.execute(f"drop table feed.event_{today:%Y_%m_%d}".encode())
    db.execute("set statement_timeout = '20s'")
    with database.connect(autocommit=False) as analyst:
        analyst.execute("select count(*) from feed.event_other")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("select feed.provide_days(%s, %s)", days)
        # A migration goes on without; what comes meanwhile is caught.
        migrate(database.url())
        assert value(db, "select to_regclass(%s)", f"feed.event_{today:%Y_%m_%d}") is None
        db.execute(SEND, (org, "caught"))
        assert feed.kinds(api, since) == ["caught"]
    assert value(db, "select feed.provide_days(%s, %s)", *days) == 1
    assert migrate(database.url()) and value(db, "select count(*) from feed.event_other") == 0
    assert feed.kinds(api, since) == ["caught"]
