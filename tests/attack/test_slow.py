"""Clients that take their time, or never end: each has so long, and nobody else waits or is cut off."""

from __future__ import annotations

import gc
import json
import socket as sockets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest

from api import outgoing
from api.protocol import BODY_BYTES, HEAD_BYTES, Http, answer
from tests.api.numbers import scrape
from tests.api.process import until
from tests.api.support import RECALCULATE, People, School, school_of, token
from tests.attack.wire import PATIENCE, Reply, connect, everything, replies, request
from tests.support import streams
from tests.support.servers import Cluster

OWN = "/api/v1/student/performance"
WHO = {"student": "ada", "teacher": "teacher", "admin": "admin"}
SECONDS = 1.0
"""What a client has for a request here."""
SLOW_HEALTH = """
create or replace function api.health() returns json language plpgsql security definer
as $$ begin perform pg_sleep(2.5); return '{"release": null, "worker": {"heard": true, "silent": 1}}'; end $$
"""


@pytest.fixture(scope="module")
def school(newest: Cluster) -> Iterator[School]:
    """A school with an API that has little patience."""
    with pytest.MonkeyPatch.context() as patch, newest.prepared(People) as (database, people):
        patch.setattr(Http, "request_seconds", SECONDS)
        settings = {"rate_limit_enabled": False, "cache_enabled": True, "streams_per_person": 3}
        with school_of(database, people, stream_heartbeat_seconds=0.1, **settings) as found:
            until(lambda: own(found).status == 200)
            yield found


def line(school: School, role: str = "student") -> str:
    """The line of a request that says who asks."""
    return f"Authorization: Bearer {token(getattr(school, WHO[role]), school.org, role)}"


def own(school: School) -> Reply:
    """What Ada reads of herself, on a connection of its own."""
    with connect(school.client) as connection:
        connection.sendall(request(OWN, line(school)))
        return replies(everything(connection))[0]


def trickle(connection: sockets.socket, piece: Callable[[int], bytes]) -> bytes:
    """Send piece by piece until the other side has enough; what it said."""
    connection.settimeout(0.1)
    said = b""
    with suppress(ConnectionResetError, BrokenPipeError):
        for number in range(10 * PATIENCE):
            try:
                chunk = connection.recv(65_536)
            except TimeoutError:
                connection.sendall(piece(number))
                continue
            if not chunk:
                return said
            said += chunk
        raise AssertionError("it would listen for ever")
    return said


def chunked(school: School) -> bytes:
    """The head of a request with chunks to come."""
    head = (line(school, "admin"), "Content-Type: application/json", "Transfer-Encoding: chunked")
    return request(RECALCULATE, *head, "Connection: keep-alive", method="POST")


def announced(school: School, length: int = 1_000_000) -> bytes:
    """The head of a request with a body to come."""
    head = (line(school, "admin"), "Content-Type: application/json", f"Content-Length: {length}")
    return request(RECALCULATE, *head, "Connection: keep-alive", method="POST")


def whole(school: School) -> bytes:
    """A request after which more may come, whose answer may be a kept one."""
    return request(OWN, line(school), "Connection: keep-alive")


SLOW: dict[str, tuple[Callable[[School], bytes], Callable[[int], bytes]]] = {
    "nothing": (lambda _: b"", lambda _: b""),
    "empty lines": (lambda _: b"", lambda _: b"\r\n"),
    "request line": (lambda _: b"GET /", lambda _: b"a"),
    "headers": (lambda _: b"GET / HTTP/1.1\r\n", lambda number: b"X-%d: a\r\n" % number),
    "body": (announced, lambda _: b" "),
    "half a chunk": (lambda school: chunked(school) + b"400\r\n[", lambda _: b""),
    "chunks": (chunked, lambda _: b"1\r\n \r\n"),
    "trailers": (
        lambda school: chunked(school) + b"2\r\n[]\r\n0\r\n",
        lambda number: b"X-%d: a\r\n" % number,
    ),
    "second head": (lambda school: whole(school) + b"GET / HTTP/1.1\r\nX", lambda _: b""),
    "second head, byte by byte": (lambda school: whole(school) + b"GET / HTTP/1.1\r\nX", lambda _: b"a"),
    "second body": (lambda school: whole(school) + announced(school) + b"[", lambda _: b""),
    "second body behind a stranger": (
        lambda school: request("/health/live", "Connection: keep-alive") + announced(school) + b"[",
        lambda _: b"",
    ),
    "body after its answer": (
        lambda school: announced(school, 10**12) + b"[",  # 413, and then
        lambda _: b" ",
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_who_takes_too_long_is_let_go(school: School, name: str) -> None:
    begin, piece = SLOW[name]
    with connect(school.client) as connection:
        connection.sendall(begin(school))
        said = trickle(connection, piece)
    assert own(school).status == 200
    statuses = [reply.status for reply in replies(said)] if said else []
    assert not statuses or statuses[-1] in (408, 413, 200), said
    if name in ("nothing", "empty lines", "request line", "headers", "body", "half a chunk", "chunks"):
        assert statuses == [408]


def test_everybody_else_is_served_meanwhile(school: School) -> None:
    with ExitStack() as slow:
        for begin, _ in list(SLOW.values()) * 10:
            slow.enter_context(connect(school.client)).sendall(begin(school))
        for _ in range(20):
            assert own(school).status == 200


def test_who_is_busy_is_not_let_go(school: School) -> None:
    base = school.client.base_url
    lasting = token(school.ada, school.org, "student", exp=int(time.time()) + 600)
    with (
        streams.sse(base, "/dashboard/stream", lasting) as stream,
        streams.socket(base, f"/dashboard/ws/{school.ada}", lasting, max_queue=None) as web,
        connect(school.client) as kept,
        school.database.connect() as db,
    ):
        sent = whole(school)
        for _ in range(30):  # three times as long as anybody has for one request
            kept.sendall(sent)
            assert b"HTTP/1.1 200" in kept.recv(65_536)
            time.sleep(SECONDS / 10)
        db.execute("select feed.send_to_person(%s, %s, 'note', '{\"n\": 1}')", (school.org, school.ada))
        assert stream.until("note")
        assert web.ping().wait(streams.PATIENCE)


def test_who_waits_for_the_database_is_not_let_go(newest: Cluster) -> None:
    with newest.prepared(People) as (database, people), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Http, "request_seconds", SECONDS)
        with database.connect() as db:
            db.execute(SLOW_HEALTH)
        with school_of(database, people) as school, connect(school.client) as connection:
            # What is sent ahead is not read meanwhile: that is not the client's doing.
            waits = request("/health/ready", "Connection: keep-alive")
            connection.sendall(waits + request("/health/live", "Connection: keep-alive") + b"GET /he")
            time.sleep(2 * SECONDS)
            connection.sendall(b"alth/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            found = replies(everything(connection))
    assert [reply.status for reply in found] == [503, 200, 200]
    assert json.loads(found[0].body)["code"] == "HR503"


LONG = "/docs/swagger_bundle.js"
"""What is longer than all buffers that the kernel has for a connection."""
TIMES = 12


def deaf(school: School, path: str, *headers: str) -> sockets.socket:
    """A connection that has asked for more than it takes, and reads nothing."""
    connection = sockets.socket()
    connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    url = school.client.base_url
    connection.connect((url.host, url.port or 80))
    connection.settimeout(PATIENCE)
    connection.sendall(request(path, "Connection: keep-alive", *headers) * TIMES)
    return connection


def test_who_reads_nothing_is_cut(school: School) -> None:
    with closing(deaf(school, LONG)) as connection:
        time.sleep(3 * SECONDS)
        assert connection.getsockopt(sockets.SOL_SOCKET, sockets.SO_ERROR) or len(everything(connection)) < (
            TIMES * 1_500_000
        )


def test_who_reads_slowly_is_not(school: School) -> None:
    with closing(deaf(school, LONG)) as connection:
        read, until_then = 0, time.monotonic() + 3 * SECONDS
        while time.monotonic() < until_then:
            read += len(connection.recv(262_144))
            time.sleep(SECONDS / 20)
        enough = read + 200_000  # more than has come already, and is not read
        while read < enough:
            more = connection.recv(262_144)
            assert more
            read += len(more)


def test_kept_answers_wait_for_who_does_not_read(school: School) -> None:
    """Sent ahead by the thousand, they are written as they are taken."""
    most = 0
    with connect(school.client) as connection, pytest.MonkeyPatch.context() as patch:
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)

        def seen(send: Any, head: bytes, body: bytes) -> None:
            nonlocal most
            transport = send.__self__.transport
            transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
            answer(send, head, body)
            most = max(most, transport.get_write_buffer_size())

        patch.setattr(outgoing, "answer", seen)
        threading.Thread(target=pour, args=(connection, whole(school) * 20_000), daemon=True).start()
        until(lambda: most > 0)
        time.sleep(SECONDS / 2)
    assert 0 < most < 2 * 65_536 + 10_000


def pour(connection: sockets.socket, data: bytes) -> None:
    """Send until the other side takes no more."""
    with suppress(OSError):
        connection.sendall(data)


UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
SECRET_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
REFUSED = {
    "many headers": tuple(f"X-{number}: a" for number in range(200)),
    "long header": (f"Cookie: {'a' * 10_000}",),
    "length": ("Content-Length: 5",),
    "chunks": ("Transfer-Encoding: chunked",),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_handshake_that_is_refused_is_closed(school: School, name: str) -> None:
    with connect(school.client) as connection:
        connection.sendall(request("/ws/dashboard/", *UPGRADE, SECRET_KEY, *REFUSED[name]))
        said = everything(connection)
    assert not said or replies(said)[0].status in (400, 431)
    assert bool(said) == (name in ("many headers", "long header"))


def test_an_upgrade_does_not_hide_who_reads_nothing(school: School) -> None:
    with closing(deaf(school, LONG)) as connection:
        time.sleep(SECONDS / 2)
        connection.sendall(request("/ws/dashboard/", *UPGRADE, SECRET_KEY))
        time.sleep(2 * SECONDS)
        assert len(everything(connection)) < TIMES * 1_500_000


def endless(connection: sockets.socket, begin: bytes, piece: bytes, most: int) -> bytes:
    """Send for as long as the other side takes it; what it said."""
    connection.sendall(begin)
    sent = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
        raise AssertionError(f"it took {sent} bytes")
    return everything(connection)


@pytest.mark.parametrize("piece", [b"X: a\r\n" * 1000, b"a" * 6000], ids=["headers", "header"])
def test_headers_without_end_end(school: School, piece: bytes) -> None:
    with connect(school.client) as connection:
        said = endless(connection, b"GET / HTTP/1.1\r\nX: ", piece, 64 * HEAD_BYTES)
    assert not said or replies(said)[0].status == 431
    assert own(school).status == 200


@pytest.mark.parametrize("path", [RECALCULATE, "/health/live"])
@pytest.mark.parametrize("size", [1, 1000])
def test_bodies_without_end_end(school: School, path: str, size: int) -> None:
    """However small their chunks are, and though they are answered at once: nobody has said who asks."""
    begin = request(path, "Transfer-Encoding: chunked", "Connection: keep-alive", method="POST")
    with connect(school.client) as connection:
        said = endless(connection, begin, (b"%x\r\n%b\r\n" % (size, b" " * size)) * 2000, 64_000_000)
    assert not said or replies(said)[0].status in (401, 405, 413)
    assert own(school).status == 200


def test_a_body_that_nobody_reads_is_bounded(school: School) -> None:
    begin = request(RECALCULATE, "Content-Length: 1000000000", "Connection: keep-alive", method="POST")
    with connect(school.client) as connection:
        endless(connection, begin, b" " * 65_536, 16 * BODY_BYTES)


def test_who_sends_a_little_too_much_hears_so(school: School) -> None:
    body = b" " * (BODY_BYTES + 100_000)
    head = (line(school, "admin"), f"Content-Length: {len(body)}", "Connection: keep-alive")
    sent = request(RECALCULATE, *head, method="POST")
    with connect(school.client) as connection:
        connection.sendall(sent + body + request(OWN, line(school)))
        assert [reply.status for reply in replies(everything(connection))] == [413, 200]


@pytest.mark.parametrize("beyond", [-1000, 1000, 100_000])
@pytest.mark.parametrize("at", [0, 1, HEAD_BYTES // 2], ids=["whole", "byte", "half"])
def test_a_head_is_as_long_as_it_may_be(school: School, beyond: int, at: int) -> None:
    """However it comes: at once, or in two packets."""
    wanted = request(OWN, line(school), f"X: {'a' * (HEAD_BYTES + beyond)}")
    with connect(school.client) as connection:
        connection.sendall(wanted[:at])
        time.sleep(0.05)
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(wanted[at:])
        said = everything(connection)
    assert (not said and beyond > 0) or replies(said)[0].status == (431 if beyond > 0 else 200)
    assert own(school).status == 200


def test_trailers_are_neither_kept_nor_believed(school: School) -> None:
    chunks = request(OWN, "Transfer-Encoding: chunked", "Connection: keep-alive") + b"0\r\n"
    with connect(school.client) as connection:
        connection.sendall(chunks + f"{line(school)}\r\nX-Request-Id: mine\r\n\r\n".encode() + request(OWN))
        found = replies(everything(connection))
    assert [reply.status for reply in found] == [401, 401]
    assert found[0].header("x-request-id") != "mine"
    before = held()
    with connect(school.client) as connection:
        endless_for = time.monotonic() + SECONDS / 2
        connection.sendall(chunked(school) + b"2\r\n[]\r\n0\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):  # it had enough
            while time.monotonic() < endless_for:
                connection.sendall(b"X: a\r\n" * 1000)
        assert held() < before + 1000


def held() -> int:
    """How many headers named X this process, the server's, holds."""
    return sum(
        sum(1 for header in found if header == (b"x", b"a"))
        for found in gc.get_objects()
        if issubclass(type(found), list)  # a weak reference may be dead
    )


def test_what_is_sent_ahead_is_answered_in_order(school: School) -> None:
    paths = [OWN, "/health/live", "/nowhere", OWN + "/", "/api/v1/student/dashboard"]
    count = 300
    sent = b"".join(
        request(paths[number % 5], line(school), f"X-Request-Id: {number}", "Connection: keep-alive")
        for number in range(count)
    )
    assert len(sent) > HEAD_BYTES
    with connect(school.client) as connection:
        connection.sendall(sent)
        connection.sendall(request(OWN, line(school), "X-Request-Id: last"))
        found = replies(everything(connection))
    assert [reply.header("x-request-id") for reply in found] == [*map(str, range(count)), "last"]
    assert [reply.status for reply in found[:5]] == [200, 200, 404, 200, 200]


def test_after_the_last_request_nothing_is_done(school: School) -> None:
    body = json.dumps({"student_ids": [str(school.ada)]})
    more = request(RECALCULATE, line(school, "admin"), method="POST", body=body.encode())
    for first in (request(OWN, line(school)), request("/health/live")):
        with connect(school.client) as connection:
            connection.sendall(first + more)
            assert [reply.status for reply in replies(everything(connection))] == [200]


def test_a_stream_notices_that_the_client_left_whatever_it_sent_ahead(school: School) -> None:
    stream = request("/dashboard/stream", line(school, "teacher"), "Connection: keep-alive")
    for _ in range(6):  # twice as many as one person may have
        until(lambda: opens(school, stream + whole(school)))


def opens(school: School, stream: bytes) -> bool:
    """Whether one more stream is let in."""
    with connect(school.client) as connection:
        connection.sendall(stream)
        return connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no request at all\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 408),
        (b"POST / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
    ids=["malformed", "slow", "long"],
)
def test_what_is_no_whole_request_is_refused_like_any_other(school: School, sent: bytes, status: int) -> None:
    """A problem with an id, and it is counted."""

    def counted() -> float:
        wanted = {"route": "(none)", "method": "other", "status": str(status)}
        found = [
            sample for sample in scrape(school.client).samples if wanted.items() <= sample.labels.items()
        ]
        return sum(sample.value for sample in found if sample.name == "homeroom_requests_total")

    before = counted()
    with connect(school.client) as connection:
        connection.sendall(sent)
        (reply,) = replies(everything(connection))
    assert (reply.status, reply.header("content-type")) == (status, "application/problem+json")
    said = json.loads(reply.body)
    assert (said["status"], said["code"]) == (status, f"HR{status}")
    assert said["request_id"] == reply.header("x-request-id") and reply.header("x-api-version")
    assert reply.header("connection") == "close" and reply.header("x-content-type-options") == "nosniff"
    assert counted() == before + 1
