"""The outermost layer: what every request meets before SQL and after it.

It stands ahead of routing, so that a kept answer costs little more than a bare server's: a request id, who asks,
how much that person may still ask, and the answer itself, written at once. Whatever is not kept goes on to the
application; what comes back from it is finished here too, in one way for all.
"""

from __future__ import annotations

import itertools
import re
import secrets
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # slow to load, and the worker, whose log comes by here, needs no web framework
    from litestar.types import ASGIApp, Message, Receive, Send

    from api.answer import Answer
    from api.auth import Verified
    from api.gate import Gate

request_id: ContextVar[str] = ContextVar("request_id")
"""The id of the request that is being served; every log line gets it from here."""

DIRECT = "homeroom.direct"
"""Where a scope has the server's own `send`: one that streams needs nothing between."""
STREAM = "homeroom.stream"
"""Where a scope has a stream that has begun, to go on when all layers below are off the stack: they would
cost each of thousands of clients more memory than the stream itself."""
HEAD = "homeroom.head"
"""In the scope of a GET that was a HEAD."""
