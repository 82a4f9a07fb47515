"""WebSockets that break off in the middle of a frame, while events flow."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.app import create_app
from tests.api.live import ANY, SEND, metric, notes, people_of, value
from tests.api.support import School, serving, settings_for
from tests.support.servers import Database
from tests.support.streams import sse

ROUNDS = 300
BAD_FRAMES = [b"\xff\xff\xff\xff", b"\x81\xff" + (1 << 30).to_bytes(8, "big") + b"abcd"]


@pytest.fixture
def busy(database: Database) -> Iterator[School]:
    """A school of this test alone, with signs of life all the time."""
    often = {"stream_heartbeat_seconds": 0.01, "stream_ping_seconds": 0.01, "streams_per_person": 100}
    with serving(create_app(settings_for(database, **often))) as client:
        yield School(database, client, people_of(database))


def broken_off(school: School, token: str, frame: bytes) -> None:
    """A WebSocket that begins well."""
    base = school.client.base_url
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((base.host, base.port), timeout=15) as connection:
        connection.sendall(
            f"GET /dashboard/ws/{school.ada}?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        heard = b""
        while b"heartbeat" not in heard:
            heard += connection.recv(4096)
        connection.sendall(frame)


def test_malformed_frames_trouble_nobody_else(busy: School, capfd: pytest.CaptureFixture[str]) -> None:
    good = value(busy, busy.ada, "student")
    with (
        busy.database.connect() as db,
        sse(busy.client.base_url, ANY, value(busy, busy.ben, "student")) as witness,
        ThreadPoolExecutor(8) as pool,
    ):
        attacks = [pool.submit(broken_off, busy, good, BAD_FRAMES[n % 2]) for n in range(ROUNDS)]
        sent = 0
        while sent < 300 or not all(attack.done() for attack in attacks):
            db.execute("select feed.send_to_person(%s, %s, 'alerts', '{}')", (busy.org, busy.ada))
            db.execute(SEND, (busy.org, busy.ben, str(sent)))
            sent += 1
        for attack in attacks:
            attack.result()
        assert notes(witness, str(sent - 1)) == [str(number) for number in range(sent)]
        witness.last_id = None
        while witness.last_id is None:
            assert witness.block() is not None, "signs of life go on"
        assert metric(busy, "homeroom_feed_connected") == 1
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "feed disconnected" not in said
