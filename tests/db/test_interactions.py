"""Partitions of school.interaction: made for any month, and filled from the catch-all."""

import threading
from datetime import UTC, datetime

import psycopg

from tests.support import school
from tests.support.servers import Database

OCTOBER_2013 = datetime(2013, 10, 31, 23, 59, tzinfo=UTC)
PROVIDE = "select school.provide_interaction_months('2013-10-07', '2013-12-01')"


def _where(db: psycopg.Connection) -> list[str]:
    return [
        row[0] for row in db.execute("select tableoid::regclass::text from school.interaction order by id")
    ]


def test_a_month_takes_over_what_had_been_caught(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
        first = school.interact(db, org, student, occurred_at=OCTOBER_2013)
        school.interact(db, org, student, occurred_at=datetime(2031, 1, 1, tzinfo=UTC))
        assert _where(db) == ["school.interaction_other", "school.interaction_other"]
        assert db.execute(PROVIDE).fetchone() == (3,)
        assert db.execute(PROVIDE).fetchone() == (0,)
        assert _where(db) == ["school.interaction_2013_10", "school.interaction_other"]
        assert db.execute("select min(id) from school.interaction").fetchone() == (first,)
        assert school.interact(db, org, student, occurred_at=OCTOBER_2013) > first
        db.execute("delete from school.person where id = %s", (student,))
        assert _where(db) == []


def test_the_session_s_time_zone_makes_no_difference(database: Database) -> None:
    bounds = "select pg_get_expr(relpartbound, oid) from pg_class where relname = 'interaction_2013_10'"
    found = set()
    with database.connect() as db:
        for zone in ("UTC", "Pacific/Auckland", "America/Los_Angeles"):
            with db.transaction(force_rollback=True):
                db.execute(f"set local timezone = '{zone}'")
                db.execute(PROVIDE)
                db.execute("set local timezone = 'UTC'")
                found.add(db.execute(bounds).fetchone())
    assert found == {("FOR VALUES FROM ('2013-10-01 00:00:00+00') TO ('2013-11-01 00:00:00+00')",)}


def test_facts_that_arrive_while_their_month_is_made_are_kept(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
        with database.connect(autocommit=False) as writer:
            school.interact(writer, org, student, occurred_at=OCTOBER_2013)
            maker = threading.Thread(target=lambda: db.execute(PROVIDE))
            maker.start()
            maker.join(0.3)
            assert maker.is_alive(), "the maker waits for the open fact"
            writer.commit()
            maker.join(60)
        assert not maker.is_alive()
        assert _where(db) == ["school.interaction_2013_10"]
