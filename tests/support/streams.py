"""Clients of the live feed, as the tests need them: they block until something comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60
"""Seconds that nothing takes."""

Block = dict[str, str]


class Sse:
    """A stream of server-sent events, block by block."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id: str | None = None
        self.snapshot: dict[str, Any] | None = None
        """What it began with, of a dashboard's stream."""
        self._lines = response.iter_lines()
        self._kept: list[Block] = []

    def begin(self) -> None:
        """Take what every stream begins with, and the snapshot of one that has it."""
        first = self.block()
        assert first is not None and "retry" in first, first
        if "id" in first or (block := self.block()) is None:
            return
        said = json.loads(block.get("data", "{}"))
        if said.get("type") == "snapshot":
            self.snapshot = said
        else:
            self._kept.append(block)

    def block(self) -> Block | None:
        """The next block's fields, the last of each name; None at the end of the stream."""
        if self._kept:
            return self._kept.pop()
        found: Block = {}
        for line in self._lines:
            if not line:
                if "id" in found:
                    self.last_id = found["id"]
                return found
            name, _, value = line.partition(":")
            found[name] = value.removeprefix(" ")
        return None

    def message(self) -> dict[str, Any] | None:
        """What the next block with data says; None at the end of the stream."""
        deadline = time.monotonic() + PATIENCE
        while (block := self.block()) is not None:
            assert time.monotonic() < deadline, "only signs of life"
            if "data" in block:
                said: dict[str, Any] = json.loads(block["data"])
                return said
        return None

    def until(self, type: str) -> list[dict[str, Any]]:
        """All messages up to the first of this type."""
        found = []
        while (message := self.message()) is not None:
            found.append(message)
            if message["type"] == type:
                return found
        raise AssertionError(f"the stream ended without {type}: {found}")


@contextmanager
def sse(base: httpx.URL | str, path: str, token: str, **headers: str) -> Iterator[Sse]:
    """An open stream: its headers and its first block have come. headers: with _ for -."""
    given = {"Authorization": f"Bearer {token}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    with (
        httpx.Client(base_url=base, timeout=PATIENCE, trust_env=False) as client,
        client.stream("GET", path, headers=given) as response,
    ):
        if response.status_code != 200:
            response.read()
            raise AssertionError(f"{response.status_code}: {response.text}")
        stream = Sse(response)
        stream.begin()
        yield stream


@contextmanager
def socket(base: httpx.URL | str, path: str, token: str | None, **options: Any) -> Iterator[ClientConnection]:
    """An open WebSocket; the token goes into the query."""
    url = str(base).rstrip("/").replace("http", "ws", 1) + path
    if token:
        url += ("&" if "?" in path else "?") + f"token={token}"
    with connect(url, proxy=None, open_timeout=PATIENCE, close_timeout=PATIENCE, **options) as connection:
        yield connection


def received(connection: ClientConnection, *, pings: bool = False) -> dict[str, Any]:
    """The next message; signs of life only if asked for."""
    while True:
        message: dict[str, Any] = json.loads(connection.recv(timeout=PATIENCE))
        if pings or message["type"] not in ("ping", "heartbeat"):
            return message


def until_closed(connection: ClientConnection, *, answer: bool = True) -> list[dict[str, Any]]:
    """All that comes until the server closes. answer: whether pings get their pong."""
    found: list[dict[str, Any]] = []
    try:
        while True:
            found.append(json.loads(connection.recv(timeout=PATIENCE)))
            if answer and found[-1]["type"] == "ping":
                connection.send('{"type": "pong"}')
    except ConnectionClosed:
        return found
