"""The servers of a measurement, each in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
PATIENCE = 20
BARE: dict[str, Any] = {"cache_enabled": False, "rate_limit_enabled": False, "request_log": False}
"""Settings of an API whose requests all reach the database; bench.cache and bench.edge measure the rest."""


CORES = sorted(os.sched_getaffinity(0))
SERVING, LOADING = {CORES[0]}, {CORES[-1]}
"""Of a measurement that keeps the server and its load apart: the core of each."""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serve(
    module: str, name: str, environment: dict[str, str], cores: Collection[int] = CORES
) -> Iterator[Server]:
    """Run `python -m module --serve name` until the block ends. One called api is waited for.

    What one with LOG_LEVEL=INFO logs goes nowhere. cores: where it may run.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--serve", name],
        cwd=ROOT,
        env={**os.environ, **environment, "DASHBOARD_PORT": str(port)},
        stderr=subprocess.DEVNULL if environment.get("LOG_LEVEL") == "INFO" else None,
    )
    os.sched_setaffinity(process.pid, cores)  # before it has threads
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                if name == "api":
                    httpx.get(f"{server.url}/health/live", trust_env=False).raise_for_status()
                break
            except (OSError, httpx.HTTPError):
                assert time.monotonic() < deadline and process.poll() is None, f"{name} does not start"
                time.sleep(0.05)
        yield server
    finally:
        process.kill()
        process.wait(PATIENCE)
