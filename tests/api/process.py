"""`homeroom serve` as a process, for tests."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.api.support import SECRET
from tests.support.logs import whole_lines
from tests.support.servers import Database

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds: on a busy machine much takes long."""

# The system gives out ports from 32768 on, to servers and to clients: none of those that are free now is sure
# to be so when a process has begun. Each process of the tests has a hundred below them to itself.
PORTS = itertools.cycle(range(port := 12_000 + os.getpid() * 97 % 200 * 100, port + 100))


class Server:
    """A running `homeroom serve`, a client for it, and its log."""

    def __init__(self, process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
        self.process = process
        self.client = client
        self.log = log

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged: one JSON object a line, all of it."""
        return [json.loads(line) for line in whole_lines(self.log)]


def environment(database: Database, **others: str) -> dict[str, str]:
    """The variables that `homeroom serve` runs with."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database.url(),
        "API_DATABASE_URL": database.url("homeroom_api"),
        "JWT_SECRET": SECRET,
        "METRICS_SECONDS": "3600",
        "CACHE_ENABLED": "false",  # a kept answer may be behind what a test has just written
        **others,
    }


def free_port() -> int:
    """A port that nobody is given meanwhile."""
    for port in itertools.islice(PORTS, 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@contextmanager
def served(database: Database, tmp_path: Path, **others: str) -> Iterator[Server]:
    """Run `homeroom serve` for as long as the block lasts, if it does not end before."""
    port = int(others.pop("DASHBOARD_PORT", 0)) or free_port()
    log = tmp_path / "log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve"],
            cwd=ROOT,
            env=environment(database, DASHBOARD_PORT=str(port), **others),
            stdout=subprocess.DEVNULL,
            stderr=sink,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as client:
            until(lambda: answers(client) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield Server(process, client, log)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) is not None


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False
