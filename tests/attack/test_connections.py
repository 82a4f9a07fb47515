"""More connections than there is room for: the next is told so, those that are there go on."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.api.process import ROOT, Server, served, until
from tests.api.support import token
from tests.attack.siege import Siege
from tests.attack.wire import ask, connect, everything, exchange, replies, request
from tests.support.servers import Cluster

ROOM = 4
"""Connections, one of which the server's own client has."""
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: homeroom",
)


@pytest.fixture(scope="module")
def narrow(newest: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Siege]]:
    """A server with little room, and its people."""
    folder = tmp_path_factory.mktemp("narrow")
    with (
        newest.prepared(Siege) as (database, people),
        served(database, folder, DASHBOARD_CONNECTIONS=str(ROOM)) as server,
    ):
        yield server, people


def is_served(server: Server) -> bool:
    """Whether there is room for one more."""
    return ask(server.client, "/health/live").status == 200


def test_who_is_one_too_many_is_told_so(narrow: tuple[Server, Siege]) -> None:
    server, people = narrow
    until(lambda: is_served(server))
    with ExitStack() as stack:
        there = [stack.enter_context(connect(server.client)) for _ in range(ROOM - 1)]
        # A stream and a WebSocket count as connections like others.
        authorization = f"Authorization: Bearer {token(people.ada, people.org, 'student')}"
        there[0].sendall(request("/api/v1/student/dashboard/stream", authorization))
        assert replies(there[0].recv(65_536))[0].status == 200
        of_teacher = f"Authorization: Bearer {token(people.teacher, people.org, 'teacher')}"
        there[1].sendall(request("/ws/dashboard", of_teacher, *UPGRADE))
        assert b" 101 " in there[1].recv(65_536).partition(b"\r\n")[0]
        for _ in range(3):
            refused = ask(server.client, "/health/live")
            assert (refused.status, refused.header("content-type")) == (503, "application/problem+json")
            assert refused.header("retry-after") and refused.header("x-request-id")
            assert refused.header("connection") == "close"
        with connect(server.client) as silent:
            assert replies(silent.recv(65_536))[0].status == 503, "before it asks for anything"
        there[2].sendall(request("/health/live"))
        assert replies(there[2].recv(65_536))[0].status == 200, "who was there before is served"
        until(lambda: is_served(server))
    until(lambda: is_served(server))


def test_a_flood_of_connections_leaves_those_that_are_there_alone(narrow: tuple[Server, Siege]) -> None:
    server, _ = narrow
    until(lambda: is_served(server))
    for _ in range(3):
        # Its connection is there, and was not given up for having been idle.
        until(lambda: server.client.get("/health/live").status_code == 200)
        with ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(connect(server.client))
            assert server.client.get("/health/live").status_code == 200
    until(lambda: is_served(server))
    lines = server.lines()
    assert not [line for line in lines if line["level"] in ("error", "critical")]
    # A line for each of them would have whoever comes often enough fill the log.
    full = [line for line in lines if line["event"] == "no room for more connections"]
    assert 1 <= len(full) < 30 and full[0]["connections"] == ROOM
    assert not [line for line in lines if line["event"] == "request refused"]


def test_no_stream_goes_on_behind_a_websocket(narrow: tuple[Server, Siege]) -> None:
    """Nobody would end it when the server stops."""
    server, people = narrow
    until(lambda: is_served(server))
    student = f"Authorization: Bearer {token(people.ada, people.org, 'student')}"
    teacher = f"Authorization: Bearer {token(people.teacher, people.org, 'teacher')}"
    with connect(server.client) as connection:
        stream = request("/api/v1/student/dashboard/stream", student, "Connection: keep-alive")
        connection.sendall(stream + request("/ws/dashboard", teacher, *UPGRADE))
        assert b" 101 " not in everything(connection)


def test_answers_to_pings_that_nobody_reads_do_not_pile_up(newest: Cluster, tmp_path: Path) -> None:
    """Nor does their client keep its place, though nobody knows it."""
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    with (
        newest.prepared(Siege) as (database, _),
        served(database, tmp_path, DASHBOARD_CONNECTIONS="1", REQUEST_TIMEOUT="2") as server,
    ):
        server.client.close()  # its place is the only one
        until(lambda: is_served(server))
        with connect(server.client) as web:
            web.sendall(request("/ws/dashboard", *UPGRADE))
            assert b" 101 " in web.recv(1000).partition(b"\r\n")[0]
            before = memory(server)
            with suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(300):
                    web.sendall(ping * 1000)
            assert memory(server) - before < 20_000_000
            until(lambda: is_served(server))


def memory(server: Server) -> int:
    """Bytes that its process has resident."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def test_what_is_refused_counts_once(narrow: tuple[Server, Siege]) -> None:
    server, _ = narrow
    until(lambda: is_served(server))

    def refused() -> list[int]:
        lines = (line for line in server.lines() if line["event"] == "request")
        return [line["status"] for line in lines if line["status"] in (400, 431)]

    before = len(refused())
    exchange(server.client, b"x" * 100_000)
    until(lambda: len(refused()) > before)
    assert refused()[before:] == [400]


@pytest.mark.parametrize(
    ("soft", "hard", "room", "warns"),
    [(300, 4096, 1000, False), (300, 1024, 468, True), (2048, 4096, 1000, False), (64, 64, 1, True)],
)
def test_the_operating_system_is_asked_for_room(soft: int, hard: int, room: int, warns: bool) -> None:
    code = (
        "import resource; from api import logs; from api.connections import room_for; logs.configure('INFO');"
        "print(room_for(1000, 300), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    limited = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"'
    ran = subprocess.run(
        ["bash", "-c", limited, "bash", sys.executable, "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert list(map(int, ran.stdout.split())) == [room, max(soft, min(hard, 1000 + 300 + 256)), hard]
    assert ("fewer connections" in ran.stderr) == warns
