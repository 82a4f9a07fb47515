"""The moments in which something could be lost or told twice, held open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from api.app import create_app
from tests.api.conftest import LIVELY
from tests.api.live import ANY, SEND, metric, notes, people_of, value
from tests.api.process import until
from tests.api.support import School, bearer, serving, settings_for, token
from tests.support import school as facts
from tests.support.servers import Database
from tests.support.streams import socket, sse, until_closed

# The database answers, and then the test says when the answer may come.
HELD = """
alter function api.feed_replay(jsonb, text, text[]) rename to feed_replay_now;
create function api.feed_replay(claims jsonb, cursor text, kinds text[]) returns json language plpgsql as $$
declare
    answer constant json := api.feed_replay_now(claims, cursor, kinds);
begin
    perform pg_advisory_xact_lock_shared(42);
    return answer;
end
$$;
grant execute on function api.feed_replay(jsonb, text, text[]) to homeroom_api
"""
HELD_DOCUMENT = """
alter function api.student_performance(jsonb) rename to student_performance_now;
create function api.student_performance(claims jsonb) returns api.cacheable language plpgsql as $$
declare
    answer constant api.cacheable := api.student_performance_now(claims);
begin
    perform pg_advisory_xact_lock_shared(42);
    return answer;
end
$$;
grant execute on function api.student_performance(jsonb) to homeroom_api
"""
# The reader waits before it reads.
HELD_READER = """
alter function api.feed_read(text, integer) rename to feed_read_now;
create function api.feed_read(cursor text, most integer) returns text language plpgsql security definer as $$
begin
    perform pg_advisory_xact_lock_shared(43);
    return api.feed_read_now(cursor, most);
end
$$;
grant execute on function api.feed_read(text, integer) to homeroom_api
"""
WAITING = "select from pg_locks where locktype = 'advisory' and objid = %s and not granted"
LOCK, UNLOCK = "select pg_advisory_lock(%s)", "select pg_advisory_unlock(%s)"
STREAMS = 'homeroom_stream_clients{kind="sse"}'

Session = psycopg.Connection[Any]


@pytest.fixture
def lively(database: Database) -> Iterator[School]:
    """A school of this test alone, with lively streams."""
    with serving(create_app(settings_for(database, **LIVELY))) as client:
        yield School(database, client, people_of(database))


def waits(db: Session, gate: int) -> bool:
    return bool(db.execute(WAITING, (gate,)).fetchall())


def test_what_is_committed_between_replay_and_live_comes_once(lively: School) -> None:
    org, ada = lively.org, lively.ada
    base, good = lively.client.base_url, value(lively, lively.ada, "student")
    with lively.database.connect() as db, lively.database.connect() as gate, ThreadPoolExecutor(1) as pool:
        with sse(base, ANY, good) as before:
            start = before.last_id
        db.execute(SEND, (org, ada, "replayed"))
        with sse(base, ANY, value(lively, lively.ben, "student")) as witness:
            db.execute(HELD)
            gate.execute(LOCK, (42,))

            def follow() -> list[str]:
                with sse(base, f"{ANY}?cursor={start}", good) as stream:
                    return notes(stream, "live")

            following = pool.submit(follow)
            until(lambda: waits(db, 42))
            db.execute(SEND, (org, ada, "between"))
            db.execute(SEND, (org, lively.ben, "read"))
            assert notes(witness, "read") == ["read"], "the reader has read what was between"
            gate.execute(UNLOCK, (42,))
            until(lambda: metric(lively, STREAMS) == 2)
            db.execute(SEND, (org, ada, "live"))
            assert following.result(15) == ["replayed", "between", "live"]


def test_a_right_that_ends_during_the_replay_ends_it(lively: School) -> None:
    org = lively.org
    base = lively.client.base_url
    with lively.database.connect() as db, lively.database.connect() as gate, ThreadPoolExecutor(1) as pool:
        teacher = facts.make_person(db, org, "teacher")
        lost, kept = (facts.make_course(db, org, teacher=teacher) for _ in range(2))
        good = value(lively, teacher, "teacher")
        with sse(base, ANY, good) as before:
            start = before.last_id
        facts.make_assignment(db, org, lost, title="Lost")
        with sse(base, ANY, value(lively, lively.ben, "student")) as witness:
            db.execute(HELD)
            gate.execute(LOCK, (42,))

            def follow() -> Any:
                with sse(base, f"{ANY}?cursor={start}", good) as stream:
                    return stream.message()

            following = pool.submit(follow)
            until(lambda: waits(db, 42))
            db.execute("delete from school.course_teacher where course_id = %s", (lost,))
            facts.make_assignment(db, org, kept, title="Kept")
            db.execute(SEND, (org, lively.ben, "read"))
            notes(witness, "read")
            gate.execute(UNLOCK, (42,))
            assert following.result(15)["title"] == "Kept"


@pytest.mark.parametrize("when", ["while it is replayed to", "when it is live"])
def test_what_was_replayed_and_read_after_that_comes_once(lively: School, when: str) -> None:
    org, ada = lively.org, lively.ada
    base, good = lively.client.base_url, value(lively, lively.ada, "student")
    with (
        lively.database.connect() as db,
        lively.database.connect() as gate,
        sse(base, ANY, value(lively, lively.ben, "student")) as witness,
        ThreadPoolExecutor(1) as pool,
    ):
        with sse(base, ANY, good) as before:
            start = before.last_id
        db.execute(HELD)
        db.execute(HELD_READER)
        gate.execute(LOCK, (43,))
        until(lambda: waits(db, 43))
        db.execute(SEND, (org, ada, "replayed"))
        if when == "while it is replayed to":
            gate.execute(LOCK, (42,))

        def follow() -> list[str]:
            with sse(base, f"{ANY}?cursor={start}", good) as stream:
                return notes(stream, "live")

        following = pool.submit(follow)
        if when == "while it is replayed to":
            until(lambda: waits(db, 42))
        else:
            until(lambda: metric(lively, STREAMS) == 2)
        db.execute(SEND, (org, lively.ben, "read"))
        gate.execute(UNLOCK, (43,))
        assert notes(witness, "read") == ["read"]
        gate.execute("select pg_advisory_unlock_all()")
        db.execute(SEND, (org, ada, "live"))
        assert following.result(15) == ["replayed", "live"]


def test_a_document_is_never_older_than_its_cursor(lively: School) -> None:
    org, ada = lively.org, lively.ada
    base, good = lively.client.base_url, value(lively, lively.ada, "student")
    with (
        lively.database.connect() as db,
        lively.database.connect() as gate,
        sse(base, ANY, good) as witness,
        ThreadPoolExecutor(1) as pool,
    ):
        db.execute(HELD_DOCUMENT)
        gate.execute(LOCK, (42,))
        asked = pool.submit(lively.get, "/api/v1/student/performance", ada, "student")
        until(lambda: waits(db, 42))
        db.execute(SEND, (org, ada, "not in the document"))
        notes(witness, "not in the document")
        gate.execute(UNLOCK, (42,))
        cursor = asked.result(15).headers["x-feed-cursor"]
        with sse(base, f"{ANY}?cursor={cursor}", good) as stream:
            assert notes(stream, "not in the document") == ["not in the document"]


def test_a_right_that_ends_unnamed_during_the_first_replay_is_noticed(lively: School) -> None:
    """Who is being replayed to hears of nothing yet; the change names the student, not the new parent."""
    org = lively.org
    with (
        lively.database.connect() as db,
        lively.database.connect() as gate,
        lively.database.connect(autocommit=False) as late,
        ThreadPoolExecutor(1) as pool,
        sse(lively.client.base_url, ANY, value(lively, lively.ben, "student")) as witness,
    ):
        student, parent = facts.make_person(db, org, "student"), facts.make_person(db, org, "parent")
        course = facts.make_course(db, org)
        facts.enroll(db, org, student, course)
        late.execute("delete from school.enrollment where student_id = %s", (student,))
        facts.make_guardian(db, org, parent, student)
        db.execute(HELD)
        gate.execute(LOCK, (42,))

        def follow() -> Any:
            with sse(lively.client.base_url, ANY, value(lively, parent, "parent")) as stream:
                return stream.message()

        following = pool.submit(follow)
        until(lambda: waits(db, 42))
        late.commit()
        facts.make_assignment(db, org, course, title="After")
        db.execute(SEND, (org, lively.ben, "read"))
        notes(witness, "read")
        gate.execute(UNLOCK, (42,))
        until(lambda: metric(lively, STREAMS) == 2)
        until(lambda: not waits(db, 42))
        db.execute("select feed.send_to_person(%s, %s, 'end', '{}')", (org, parent))
        assert following.result(15)["type"] == "end"


@pytest.mark.parametrize("kind", ["sse", "socket"])
def test_a_token_that_expires_during_the_replay_ends_it(lively: School, kind: str) -> None:
    short = token(lively.ada, lively.org, "student", exp=int(time.time()) + 2)
    base = lively.client.base_url
    with lively.database.connect() as db, lively.database.connect() as gate:
        db.execute(HELD)
        gate.execute(LOCK, (42,))
        if kind == "sse":
            answer = lively.client.get(ANY, headers=bearer(short))
            assert (answer.status_code, answer.json()["code"]) == (401, "HR401")
        else:
            with socket(base, f"/dashboard/ws/{lively.ada}", short) as connection:
                assert until_closed(connection) == []
                assert connection.close_code == 4401
