"""One JSON line per request on standard error, beside the other log lines and like them.

Written together, a few milliseconds later: a system call for each would cost more than the line. Each goes
through a JSON encoder, so that nothing a client sends can begin a line of its own. There is no query in it,
no token and no cookie.
"""

from __future__ import annotations

import asyncio
import select
import sys
import threading
import time
from typing import Literal

import msgspec
import structlog
from msgspec import Struct

from api import logs
from api.auth import Verified
from api.settings import Settings

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 0.05
FLUSH_BYTES = 65_536
PORTION = select.PIPE_BUF
"""So much goes into a pipe in one piece: lines of several processes do not mix."""


class Line(Struct, tag_field="event", tag="request"):
    """One request. Times are milliseconds; without a person the three fields about one are null."""

    method: str
    route: str
    status: int
    ms: float
    database_ms: float
    cached: bool
    org: int | None
    person: str | None
    role: str | None
    request_id: str
    timestamp: str
    level: Literal["info"] = "info"
    logger: str = __name__


class RequestLog:
    """The lines of this process's requests."""

    def __init__(self, settings: Settings) -> None:
        """settings: REQUEST_LOG, LOG_LEVEL, SLOW_REQUEST_THRESHOLD."""
        self.enabled = settings.request_log and settings.log_level in ("DEBUG", "INFO")
        self.slow = settings.slow_request_threshold
        """Seconds after which a request is warned of, whether requests are logged or not."""
        self._encoder = msgspec.json.Encoder()
        self._buffer = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._thread = 0
        self._second = 0
        self._prefix = ""

    def start(self) -> None:
        """Write regularly, on the loop that runs now; until then, each line at once."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        logs.before_errors.append(self._flush_here)

    async def stop(self) -> None:
        """Write the rest; what comes later, at once."""
        logs.before_errors.remove(self._flush_here)
        self._loop = None
        self.flush()

    def wants(self, seconds: float) -> bool:
        """Whether there is anything to write of a request that took so long."""
        return self.enabled or seconds >= self.slow

    def write(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        database: float,
        cached: bool,
        verified: Verified | None,
        request_id: str,
    ) -> None:
        """Note a request that is over; of a stream, that has begun.

        route: the template, not the path. database: of the seconds, those spent in the database.
        """
        if seconds >= self.slow:
            log.warning(
                "slow request",
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1e3, 3),
                database_ms=round(database * 1e3, 3),
                request_id=request_id,
            )
        if not self.enabled:
            return
        if verified is None:
            org = person = role = None
        else:
            org, person, role = verified.org, verified.person, verified.role
        line = Line(
            method,
            route,
            status,
            int(seconds * 1e6) / 1e3,
            int(database * 1e6) / 1e3,
            cached,
            org,
            person,
            role,
            request_id,
            self._timestamp(),
        )
        buffer = self._buffer
        self._encoder.encode_into(line, buffer, -1)
        buffer += b"\n"
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_later(FLUSH_SECONDS, self.flush)
        elif len(buffer) >= FLUSH_BYTES or self._loop is None:
            self.flush()

    def flush(self) -> None:
        """Write what is there."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        text, self._buffer = bytes(self._buffer), bytearray()
        begin = 0
        while begin < len(text):
            end = len(text)
            if end - begin > PORTION:
                end = text.rfind(b"\n", begin, begin + PORTION) + 1 or text.index(b"\n", begin) + 1
            sys.stderr.buffer.write(text[begin:end])
            sys.stderr.buffer.flush()
            begin = end

    def _flush_here(self) -> None:
        """Before an error is logged; other threads' errors wait for nobody."""
        if threading.get_ident() == self._thread:
            self.flush()

    def _timestamp(self) -> str:
        """Now, as the other lines write it."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        return f"{self._prefix}{int((now - second) * 1e6):06d}Z"
