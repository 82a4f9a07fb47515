"""SIGTERM while many ask: whoever's request went out gets an answer."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.process import PATIENCE, Server, served, until
from tests.api.support import token
from tests.support.freshness import Line, make_students, request
from tests.support.servers import Database

CONNECTIONS = 24
KEPT = "/api/v1/student/dashboard"
COUNTED = "/api/v1/session"
"""Asks the database each time."""
ACTION = "/api/v1/student/dashboard/action"
BODY = b'{"action": "goal_created", "title": "Stay to the end"}'


@dataclass
class Asking:
    """What became of the requests of one connection that stays open."""

    answered: int = 0
    failed: str = ""
    told: bool = False
    """Whether the last answer said that the connection closes."""


def post(path: str, value: str, body: bytes) -> bytes:
    """A POST as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {value}\r\n"
    return head.encode() + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def ask(line: Line, requests: list[bytes], pause: float, seed: int, asking: Asking) -> None:
    """Ask one after the other until the server closes the connection, between two answers."""
    dice = random.Random(seed)
    with closing(line):
        while not asking.told and not asking.failed:
            time.sleep(dice.uniform(0, pause))
            if line.is_closed():
                return
            try:
                line.send(dice.choice(requests))
                status, head, body = line.receive()
            except OSError as error:
                asking.failed = f"no answer: {error!r}"
                return
            if status not in (200, 202):
                asking.failed = f"{head!r} {body!r}"
            asking.answered += 1
            asking.told = b"\r\nconnection: close\r\n" in head.lower()


@pytest.mark.parametrize(
    ("workers", "pause", "paths"),
    [
        (1, 0.0, [KEPT]),
        (1, 0.0, [KEPT, COUNTED, ACTION]),
        (1, 0.05, [KEPT, COUNTED, ACTION]),
        (2, 0.0, [KEPT]),
    ],
    ids=["kept answers", "all kinds", "at leisure", "of two workers"],
)
def test_no_request_on_an_open_connection_fails_when_the_server_stops(
    database: Database, tmp_path: Path, workers: int, pause: float, paths: list[str]
) -> None:
    with database.connect() as db:
        org, students = make_students(db, 4)
    settings = {"CACHE_ENABLED": "true", "RATE_LIMIT_ENABLED": "false", "DASHBOARD_WORKERS": str(workers)}
    with served(database, tmp_path, **settings) as server:
        values = [token(student, org, "student") for student in students]
        requests = [
            post(path, value, BODY) if path == ACTION else request(path, value)
            for value in values
            for path in paths
        ]
        all_asking = [Asking() for _ in range(CONNECTIONS)]
        threads = [
            threading.Thread(target=ask, args=(Line(port_of(server)), requests, pause, number, asking))
            for number, asking in enumerate(all_asking)
        ]
        for thread in threads:
            thread.start()
        until(lambda: all(asking.answered >= 3 or asking.failed for asking in all_asking))
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(PATIENCE)
        assert server.process.wait(PATIENCE) == 0
    assert [asking.failed for asking in all_asking if asking.failed] == []
    assert any(asking.told for asking in all_asking), "with the last answer"


def port_of(server: Server) -> int:
    """Where it listens."""
    found = server.client.base_url.port
    assert found is not None
    return found
