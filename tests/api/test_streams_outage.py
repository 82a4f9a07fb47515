"""What goes wrong around a stream: nothing is missing afterwards, and nobody waits for somebody else."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.app import create_app
from tests.api.conftest import LIVELY
from tests.api.live import ANY, SEND, metric, notes, people_of, value
from tests.api.process import free_port, served, until
from tests.api.support import School, bearer, serving, settings_for, token
from tests.support import school as facts
from tests.support.servers import Cluster, Database
from tests.support.streams import received, sse
from tests.support.streams import socket as websocket

LISTENING = """
select pid from pg_stat_activity where application_name = 'homeroom feed' and datname = current_database()
"""
Session = psycopg.Connection[Any]


@pytest.fixture
def lively(database: Database) -> Iterator[School]:
    """A school of this test alone, with lively streams."""
    with serving(create_app(settings_for(database, **LIVELY))) as client:
        yield School(database, client, people_of(database))


# --- Slow clients


def request(value: str) -> bytes:
    return f"GET {ANY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {value}\r\n\r\n".encode()


def more(slow: socket.socket) -> bytes:
    """What comes next of a stream that is not over."""
    received = slow.recv(65536)
    assert received, "it was dropped"
    return received


def unread(school: School) -> socket.socket:
    """A stream of Ada's that has begun, and of which nothing more is taken."""
    base = school.client.base_url
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((base.host, base.port))
    slow.sendall(request(value(school, school.ada, "student")))
    assert slow.recv(4096).startswith(b"HTTP/1.1 200")
    return slow


def test_a_client_that_takes_nothing_is_told_to_start_afresh_and_delays_nobody(database: Database) -> None:
    # It is dropped after six times as long: that is how long this test may stop.
    slowly = LIVELY | {"stream_slow_seconds": 1.5}
    with (
        serving(create_app(settings_for(database, **slowly))) as client,
        database.connect() as db,
        ExitStack() as opened,
    ):
        lively = School(database, client, people_of(database))
        org, ada, ben = lively.org, lively.ada, lively.ben
        slow = opened.enter_context(unread(lively))
        with sse(lively.client.base_url, ANY, value(lively, ben, "student")) as quick:
            sent = 0
            while metric(lively, 'homeroom_stream_cuts_total{reason="slow"}') == 0:
                # One that stops taking within a replay is not told anything, but dropped.
                if metric(lively, 'homeroom_stream_clients{kind="sse"}') == 1:
                    slow = opened.enter_context(unread(lively))
                db.execute(SEND, (org, ada, "x" * 15_000))
                db.execute(SEND, (org, ben, str(sent)))
                assert notes(quick, str(sent)) == [str(sent)]
                sent += 1
            text = b""
            slow.settimeout(15)
            while b'"type":"reset"' not in text:
                text += more(slow)
            db.execute(SEND, (org, ada, "afterwards"))
            while b"afterwards" not in text:
                text += more(slow)
            assert 0 < text.count(b'"type":"note"') < sent + 1


def test_a_client_that_falls_behind_for_a_moment_misses_nothing(database: Database) -> None:
    with (
        serving(create_app(settings_for(database))) as client,
        database.connect() as db,
        unread(school := School(database, client, people_of(database))) as slow,
    ):
        text, sent = b"", 0
        while metric(school, 'homeroom_stream_cuts_total{reason="behind"}') == 0:
            db.execute(SEND, (school.org, school.ada, f"<{sent}>" + "x" * 15_000))
            sent += 1
        db.execute(SEND, (school.org, school.ada, "afterwards"))
        slow.settimeout(15)
        while b"afterwards" not in text:
            text += more(slow)
        found = list(map(int, re.findall(rb"<(\d+)>", text)))
        assert list(dict.fromkeys(found)) == list(range(sent))
        assert b"reset" not in text


def test_a_client_that_takes_nothing_for_long_is_dropped(lively: School) -> None:
    with lively.database.connect() as db, unread(lively):
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
            who = bearer(token(student, org, "student"))
            until(lambda: client.get("/api/v1/student/performance", headers=who).status_code == 200)
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
            while (block := stream.block()) is not None and "retry" not in block:
                assert "data" not in block, "the cursor still holds"
            assert block is not None and 500 <= int(block["retry"]) <= 5000
            assert stream.message() is None, "the answer is complete"
            assert server.process.wait(9.5) == 0, "without the time that requests in flight may take"
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
