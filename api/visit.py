"""What is known of a request while it is served, from the first layer to the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the worker, whose log comes by here, needs no web framework
    from api.auth import Verified
    from api.cache import Fill, Key
    from api.errors import ApiError
    from api.limits import Quota

request_id: ContextVar[str] = ContextVar("request_id")
"""The id of the request that is being served; every log line gets it from here."""

served: ContextVar[Visit | None] = ContextVar("served", default=None)
"""The request that is being served, to which its waiting is charged. What serves several has none of its own:
each of those who await it says `with waiting()` itself."""

VISIT = "homeroom.visit"
"""Where a scope has its Visit."""
DIRECT = "homeroom.direct"
"""Where a scope has the server's own `send`: one that streams needs nothing between."""
STREAM = "homeroom.stream"
"""Where a scope has a stream that has begun, to go on when all layers below are off the stack: they would
cost each of thousands of clients more memory than the stream itself."""
TRIED = "homeroom.tried"
"""In a scope that could not be served at once."""
QUOTA = "homeroom.quota"
"""Where such a scope has what is left of what the person may ask, if that was asked."""
STATUS = "homeroom.status"
"""What became of a WebSocket's handshake, as a request's status; 101: it is open."""
HEAD = "homeroom.head"
"""In the scope of a GET that was a HEAD."""


class Visit:
    """A request on its way."""

    __slots__ = ("began", "database", "fill", "headers", "hit", "id", "key", "quota", "refused", "verified")

    def __init__(self, taken: str, headers: dict[bytes, bytes], began: float) -> None:
        """taken: its id, the client's or made. headers: of several of one name, the last (see auth.by_name).

        began: by time.perf_counter().
        """
        self.id = taken
        self.headers = headers
        self.began = began
        self.verified: Verified | None = None
        """Who asks; None: nobody says who, or the token is not good."""
        self.refused: ApiError | None = None
        """Why the token, or the session, is not good."""
        self.quota: Quota | None = None
        """What is left of what the person, or the address, may ask."""
        self.database = 0.0
        """Seconds spent waiting for the database, and for a turn to ask it; see waiting()."""
        self.key: Key | None = None
        """By what a kept answer is found; None: of an answer that nobody would keep."""
        self.fill: Fill | None = None
        """Of an answer that may be kept: what it stands on."""
        self.hit: bool | None = None
        """Whether the answer was a kept one; None: answers of this kind are not kept."""

    def seconds(self) -> float:
        """For how long it has been served."""
        return perf_counter() - self.began


@contextmanager
def waiting() -> Iterator[None]:
    """Charge the time to the request that is being served, if there is one, as the database's.

    Around what a request awaits itself, never within another one.
    """
    began = perf_counter()
    try:
        yield
    finally:
        if (visit := served.get()) is not None:
            visit.database += perf_counter() - began
