"""What the outermost layer of a process works with."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from api.answer import Answer
from api.auth import Authenticator
from api.cache import Cache
from api.cors import Cors
from api.database import Database, DatabaseError, Function
from api.headers import SecurityHeaders
from api.limits import Limits
from api.purge import Purge
from api.request_log import RequestLog
from api.telemetry import Telemetry
from api.traffic import Traffic
from api.visit import waiting

STALE = Function("feed_stale", "text")


class Desk(Struct, frozen=True):
    """One per process."""

    authenticator: Authenticator
    limits: Limits
    cache: Cache
    purge: Purge
    database: Database
    security: SecurityHeaders
    cors: Cors | None
    traffic: Traffic
    log: RequestLog
    telemetry: Telemetry | None
    compresses: bool
    pages: dict[str, Answer]
    """What is the same for everybody for the process's life, by path: made when asked for first."""

    def preflight(self, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]] | None:
        """The answer's headers, if this is a browser's question about another site's page."""
        return None if self.cors is None else self.cors.preflight(headers)

    async def settle(self) -> None:
        """After a write: purge what it has changed.

        If nobody can say, nothing is served before the reader can.
        """
        try:
            with waiting():
                answer = await self.database.call(STALE, self.purge.cursor())
            self.purge.caught_up(answer.decode())
        except DatabaseError:
            self.purge.lapse()
