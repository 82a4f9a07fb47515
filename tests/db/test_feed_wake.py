"""feed.wake(): whoever sleeps is woken by every event, and nobody else has to be."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.support import feed, school
from tests.support.feed import value
from tests.support.servers import Database

LOCKS = "from pg_locks where locktype = 'advisory' and classid = feed.wake_key() and database = ("
LOCKS += "select oid from pg_database where datname = current_database())"
SEND = "select feed.send_to_group(%s, 'role:student', 'hello', '{}')"


@pytest.fixture
def db(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def org(db: psycopg.Connection[Any]) -> int:
    """An organization."""
    return school.make_org(db)


def heard(db: psycopg.Connection[Any]) -> int:
    """How many notifications have come to this session."""
    db.execute("select 1")
    return len(list(db.notifies(timeout=0)))


def write(url: str, org: int, number: int, transactions: int, errors: list[BaseException]) -> None:
    """Write so many events that stay, some after a while, among others that are taken back."""
    dice = random.Random(number)
    try:
        with psycopg.connect(url) as writer:
            for _ in range(transactions):
                if dice.random() < 0.2:
                    writer.execute(SEND, (org,))
                    writer.rollback()
                if dice.random() < 0.2:
                    writer.execute("savepoint s")
                    writer.execute(SEND, (org,))
                    writer.execute("rollback to s")
                writer.execute(SEND, (org,))
                # Between the event and its commit is when a reader may fall asleep.
                writer.execute("select pg_sleep(%s)", (dice.choice([0, 0, 0, 0.001, 0.02]),))
                writer.commit()
                writer.execute("select pg_sleep(%s)", (dice.choice([0, 0, 0.001, 0.03]),))
                writer.commit()
    except BaseException as error:
        errors.append(error)


def test_four_readers_that_only_wake_when_notified_miss_nothing(database: Database, org: int) -> None:
    writers, transactions = 4, 60
    readers = [feed.Reader(database.url("homeroom_api"), slot, writers * transactions) for slot in range(4)]
    errors: list[BaseException] = []
    threads = [
        threading.Thread(target=write, args=(database.url(), org, number, transactions, errors))
        for number in range(writers)
    ]
    for thread in (*readers, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for reader in readers:
        reader.finish()
    for reader in readers:
        assert len(set(reader.ids)) == len(reader.ids) == writers * transactions
    assert sum(reader.slept for reader in readers) > 20, "they did sleep"
    assert sum(reader.woken for reader in readers) > 20


@pytest.mark.parametrize("slot", range(4))
def test_a_sleeper_in_any_slot_is_woken_though_the_others_are_busy(
    database: Database, db: psycopg.Connection[Any], org: int, slot: int
) -> None:
    with database.connect("homeroom_api") as sleeper:
        sleeper.execute("listen feed")
        assert value(sleeper, "select api.feed_sleep(%s)", slot)
        db.execute(SEND, (org,))
        assert heard(sleeper) == 1
        assert value(sleeper, "select api.feed_awake(%s)", slot)
        db.execute(SEND, (org,))
        assert heard(sleeper) == 0


def test_while_nobody_sleeps_nobody_is_notified_and_nobody_falls_asleep(
    database: Database, db: psycopg.Connection[Any], org: int
) -> None:
    with database.connect("homeroom_api") as reader, database.connect(autocommit=False) as writer:
        reader.execute("listen feed")
        since = feed.cursor(reader)
        writer.execute(SEND, (org,))
        assert [value(reader, "select api.feed_sleep(%s)", slot) for slot in range(4)] == [False] * 4
        writer.commit()
        assert heard(reader) == 0
        assert value(reader, "select api.feed_sleep(0)")
        assert feed.kinds(reader, since) == ["hello"], "read once more before it waits"


def test_a_transaction_notifies_once_and_holds_each_lock_once(
    database: Database, db: psycopg.Connection[Any], org: int
) -> None:
    with database.connect("homeroom_api") as reader, database.connect(autocommit=False) as writer:
        reader.execute("listen feed")
        for _ in range(5):
            writer.execute(SEND, (org,))
        assert value(db, f"select count(*) {LOCKS}") == 4
        writer.commit()
        assert value(db, f"select count(*) {LOCKS}") == 0
        assert value(reader, "select api.feed_sleep(2)")
        for _ in range(5):
            writer.execute(SEND, (org,))
        writer.commit()
        assert heard(reader) == 1


def test_what_was_taken_back_keeps_no_reader_awake(database: Database, org: int) -> None:
    with database.connect("homeroom_api") as reader, database.connect(autocommit=False) as writer:
        writer.execute("savepoint s")
        writer.execute(SEND, (org,))
        writer.execute("rollback to s")
        assert value(reader, "select api.feed_sleep(0)")
        reader.execute("listen feed")
        # After the savepoint the wake is not thought done.
        writer.execute(SEND, (org,))
        writer.commit()
        assert heard(reader) == 1


def test_statements_without_rows_take_no_lock_and_tell_nothing(
    database: Database, db: psycopg.Connection[Any], org: int
) -> None:
    tables = db.execute(
        "select distinct c.relnamespace::regnamespace::text, c.relname from pg_trigger as t "
        "join pg_class as c on c.oid = t.tgrelid join pg_proc as f on f.oid = t.tgfoid "
        "where f.pronamespace = 'feed'::regnamespace and not t.tgisinternal and t.tgparentid = 0"
    ).fetchall()
    assert len(tables) >= 15
    with database.connect("homeroom_api") as api, database.connect(autocommit=False) as writer:
        since = feed.cursor(api)
        for table in tables:
            name = Identifier(*table)
            writer.execute(SQL("insert into {0} select * from {0} where false").format(name))
            writer.execute(SQL("update {} set org_id = org_id where false").format(name))
            writer.execute(SQL("delete from {} where false").format(name))
        assert value(db, f"select count(*) {LOCKS}") == 0
        writer.commit()
        assert feed.events(api, since) == []


def test_polling_can_be_chosen(database: Database, db: psycopg.Connection[Any], org: int) -> None:
    with database.connect("homeroom_api") as reader:
        reader.execute("listen feed")
        assert value(reader, "select api.feed_sleep(0)")
        since = feed.cursor(reader)
        db.execute("set homeroom.feed_wake = 'poll'")
        db.execute(SEND, (org,))
        assert heard(reader) == 0
        assert feed.kinds(reader, since) == ["hello"]


def test_a_stranger_who_holds_a_slot_costs_time_and_nothing_else(
    database: Database, db: psycopg.Connection[Any], org: int
) -> None:
    """Any login may take advisory locks."""
    with database.connect("homeroom_api") as reader, database.connect() as stranger:
        reader.execute("listen feed")
        since = feed.cursor(reader)
        stranger.execute("select pg_advisory_lock(feed.wake_key(), 1)")
        # Exclusively: writers notify as if a reader slept there; readers sleep elsewhere.
        assert value(reader, "select api.feed_sleep(1)") is False
        assert value(reader, "select api.feed_sleep(0)") is True
        db.execute(SEND, (org,))
        assert heard(reader) == 1
        assert value(reader, "select api.feed_awake(0)")
        stranger.execute("select pg_advisory_unlock_all()")
        # Shared: no reader sleeps in that slot; it reads on, and finds what there is.
        stranger.execute("select pg_advisory_lock_shared(feed.wake_key(), 0)")
        assert value(reader, "select api.feed_sleep(0)") is False
        assert value(reader, "select api.feed_sleep(2)") is True
        db.execute(SEND, (org,))
        assert feed.kinds(reader, since) == ["hello", "hello"]
        # Nobody can give up another's lock.
        stranger.execute("select pg_advisory_unlock(feed.wake_key(), 2)")
        assert value(db, f"select count(*) {LOCKS} and mode = 'ExclusiveLock'") == 1


@pytest.mark.parametrize("slot", [-1, 4, None])
def test_there_are_four_slots(database: Database, slot: int | None) -> None:
    with database.connect("homeroom_api") as api:
        for function in ("feed_sleep", "feed_awake"):
            with pytest.raises(psycopg.Error) as error:
                api.execute(f"select api.{function}(%s::integer)".encode(), (slot,))
            assert (error.value.sqlstate, error.value.diag.message_detail) == ("HR422", "slot")


def test_who_cannot_sleep_is_told(database: Database) -> None:
    with database.connect("homeroom_api") as api:
        assert value(api, "select api.feed_awake(0)") is False
