"""What goes wrong around a stream: nothing is missing afterwards, and nobody waits for somebody else."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.app import create_app
from tests.api.conftest import LIVELY
from tests.api.process import free_port, served, until
from tests.api.support import People, School, serving, settings_for, token
from tests.support import school as facts
from tests.support.servers import Cluster, Database
from tests.support.streams import Sse, received, sse
from tests.support.streams import socket as websocket

ANY = "/dashboard/stream"
SEND = "select feed.send_to_person(%s, %s, 'note', jsonb_build_object('n', %s::text))"
LISTENING = """
select pid from pg_stat_activity where application_name = 'homeroom feed' and datname = current_database()
"""
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
WAITING = "select from pg_locks where locktype = 'advisory' and objid = 42 and not granted"

Session = psycopg.Connection[Any]


def people_of(database: Database) -> People:
    """The people of a school, written now."""
    with database.connect() as db:
        return People(db)


@pytest.fixture
def lively(database: Database) -> Iterator[School]:
    """A school of this test alone, with lively streams."""
    with serving(create_app(settings_for(database, **LIVELY))) as client:
        yield School(database, client, people_of(database))


def value(school: School, person: UUID, role: str) -> str:
    return token(person, school.org, role, exp=int(time.time()) + 600)


def notes(stream: Sse, last: str) -> list[str]:
    """What the notes say up to this one."""
    found: list[str] = []
    while last not in found:
        message = stream.message()
        assert message is not None, found
        found.append(message["n"] if message["type"] == "note" else message["type"])
    return found


def metric(school: School, name: str) -> float:
    """A number of GET /metrics; name: with its labels but the process."""
    text = re.sub(r',?process="\d+",?', "", school.client.get("/metrics").text)
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


# --- Around going live


def test_what_is_committed_between_replay_and_live_comes_once(lively: School) -> None:
    org, ada = lively.org, lively.ada
    base, good = lively.client.base_url, value(lively, lively.ada, "student")
    with lively.database.connect() as db, lively.database.connect() as gate, ThreadPoolExecutor(1) as pool:
        with sse(base, ANY, good) as before:
            start = before.last_id
        db.execute(SEND, (org, ada, "replayed"))
        with sse(base, ANY, value(lively, lively.ben, "student")) as witness:
            db.execute(HELD)
            gate.execute("select pg_advisory_lock(42)")

            def follow() -> list[str]:
                with sse(base, f"{ANY}?cursor={start}", good) as stream:
                    return notes(stream, "live")

            following = pool.submit(follow)
            until(lambda: bool(db.execute(WAITING).fetchall()))
            db.execute(SEND, (org, ada, "between"))
            db.execute(SEND, (org, lively.ben, "read"))
            assert notes(witness, "read") == ["read"], "the reader has read what was between"
            gate.execute("select pg_advisory_unlock(42)")
            until(lambda: metric(lively, 'homeroom_stream_clients{kind="sse"}') == 2)
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
            gate.execute("select pg_advisory_lock(42)")

            def follow() -> Any:
                with sse(base, f"{ANY}?cursor={start}", good) as stream:
                    return stream.message()

            following = pool.submit(follow)
            until(lambda: bool(db.execute(WAITING).fetchall()))
            db.execute("delete from school.course_teacher where course_id = %s", (lost,))
            facts.make_assignment(db, org, kept, title="Kept")
            db.execute(SEND, (org, lively.ben, "read"))
            notes(witness, "read")
            gate.execute("select pg_advisory_unlock(42)")
            assert following.result(15)["title"] == "Kept"


# --- Slow clients


def request(value: str) -> bytes:
    return f"GET {ANY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {value}\r\n\r\n".encode()


def test_a_client_that_takes_nothing_is_told_to_start_afresh_and_delays_nobody(lively: School) -> None:
    org, ada, ben = lively.org, lively.ada, lively.ben
    base = lively.client.base_url
    with lively.database.connect() as db, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((base.host, base.port))
        slow.sendall(request(value(lively, ada, "student")))
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        with sse(base, ANY, value(lively, ben, "student")) as quick:
            sent = 0
            while metric(lively, 'homeroom_stream_cuts_total{reason="slow"}') == 0:
                db.execute(SEND, (org, ada, "x" * 15_000))
                db.execute(SEND, (org, ben, str(sent)))
                assert notes(quick, str(sent)) == [str(sent)]
                sent += 1
            text = b""
            slow.settimeout(15)
            while b'"type":"reset"' not in text:
                text += slow.recv(65536)
            db.execute(SEND, (org, ada, "afterwards"))
            while b"afterwards" not in text:
                text += slow.recv(65536)
            assert 0 < text.count(b'"type":"note"') < sent + 1


def test_a_client_that_takes_nothing_for_long_is_dropped(lively: School) -> None:
    with lively.database.connect() as db, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        base = lively.client.base_url
        slow.connect((base.host, base.port))
        slow.sendall(request(value(lively, lively.ada, "student")))
        slow.recv(4096)
        until(lambda: _flooded(lively, db))
        until(lambda: metric(lively, 'homeroom_stream_clients{kind="sse"}') == 0)


def _flooded(school: School, db: Session) -> bool:
    db.execute(SEND, (school.org, school.ada, "x" * 15_000))
    return metric(school, 'homeroom_stream_cuts_total{reason="behind"}') > 0


# --- Outages


def test_the_listening_connection_may_be_killed(lively: School) -> None:
    with (
        lively.database.connect() as db,
        sse(lively.client.base_url, ANY, value(lively, lively.ada, "student")) as stream,
    ):
        sent = []
        for round in range(5):
            db.execute(f"select pg_terminate_backend(pid) from ({LISTENING}) as l".encode())
            for number in range(3):
                sent.append(f"{round}.{number}")
                db.execute(SEND, (lively.org, lively.ada, sent[-1]))
            assert lively.get("/api/v1/student/performance", lively.ada, "student").status_code == 200
        assert notes(stream, sent[-1]) == sent
        until(lambda: metric(lively, "homeroom_feed_connected") == 1)


def test_without_a_database_the_api_starts_and_streams_come_later(cluster: Cluster) -> None:
    with Cluster(cluster.version) as own, own.database(own.template) as database:
        with database.connect() as db:
            org = facts.make_org(db)
            student = facts.make_person(db, org, "student")
        own.server.stop()
        with serving(create_app(settings_for(database))) as client:
            assert client.get("/health/live").status_code == 200
            own.server.start()
            until(lambda: client.get("/health/ready").status_code == 200)
            with sse(client.base_url, ANY, token(student, org, "student")) as stream:
                with database.connect() as db:
                    db.execute(SEND, (org, student, "here"))
                assert notes(stream, "here") == ["here"]


def test_postgresql_may_be_killed(cluster: Cluster) -> None:
    with (
        Cluster(cluster.version) as own,
        own.database(own.template) as database,
        serving(create_app(settings_for(database))) as client,
    ):
        school = School(database, client, people_of(database))
        good = value(school, school.ada, "student")
        with sse(client.base_url, ANY, good) as stream:
            with database.connect() as db:
                db.execute(SEND, (school.org, school.ada, "before"))
                row = db.execute("select pg_read_file('postmaster.pid')").fetchone()
            assert row is not None
            os.kill(int(row[0].split()[0]), signal.SIGKILL)
            until(lambda: own.server.poll() is not None)
            own.server.start()
            with database.connect() as db:
                db.execute(SEND, (school.org, school.ada, "after"))
            assert notes(stream, "after") == ["before", "after"]


# --- Processes


def test_a_killed_api_leaves_no_gap(database: Database, tmp_path: Path) -> None:
    port = str(free_port())
    found: list[str] = []
    with database.connect() as db:
        with served(database, tmp_path, DASHBOARD_PORT=port) as server:
            school = School(database, server.client, people_of(database))
            good = value(school, school.ada, "student")
            with sse(server.client.base_url, ANY, good) as stream:
                db.execute(SEND, (school.org, school.ada, "before"))
                found += notes(stream, "before")
                server.process.kill()
                server.process.wait()
                seen = stream.last_id
        db.execute(SEND, (school.org, school.ada, "meanwhile"))
        with (
            served(database, tmp_path, DASHBOARD_PORT=port) as server,
            sse(server.client.base_url, ANY, good, Last_Event_ID=str(seen)) as stream,
        ):
            db.execute(SEND, (school.org, school.ada, "after"))
            found += notes(stream, "after")
    assert found == ["before", "meanwhile", "after"]


def test_asked_to_stop_it_ends_its_streams(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path) as server:
        school = School(database, server.client, people_of(database))
        good = value(school, school.admin, "admin")
        with (
            sse(server.client.base_url, ANY, good) as stream,
            websocket(server.client.base_url, "/ws/dashboard/", good) as connection,
        ):
            received(connection)
            server.process.terminate()
            assert stream.message() is None, "the answer is complete"
            assert server.process.wait(8) == 0, "without the time that requests in flight may take"
        assert "Cancel" not in server.log.read_text()
        assert good not in server.log.read_text()


def test_every_worker_process_tells(database: Database, tmp_path: Path) -> None:
    with (
        served(database, tmp_path, DASHBOARD_WORKERS="2") as server,
        database.connect() as db,
    ):
        school = School(database, server.client, people_of(database))
        until(lambda: len(db.execute(LISTENING).fetchall()) == 2)
        good = value(school, school.ada, "student")
        for number in range(3):
            with sse(server.client.base_url, ANY, good) as one, sse(server.client.base_url, ANY, good) as two:
                db.execute(SEND, (school.org, school.ada, str(number)))
                assert notes(one, str(number)) == notes(two, str(number)) == [str(number)]
