"""`homeroom work` as a process, for tests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.logs import whole_lines
from tests.support.servers import Database

ROOT = Path(__file__).parents[2]
PATIENCE = 90


class Worker:
    """A running worker and what it logs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event so far."""
        lines = map(json.loads, whole_lines(self._log))
        return [line for line in lines if str(line["event"]).startswith(event)]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def working(database: Database, log: Path) -> Iterator[Worker]:
    """A worker on this database; wherever the test leaves it, it is ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": database.url()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "work"], env=environment, cwd="/", stderr=output
        )
    try:
        yield Worker(process, log)
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
