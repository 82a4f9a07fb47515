"""Behind trusted proxies: who asks, and whether by TLS, is what they say.

uvicorn puts its own middleware for that around an application, and the server then finds nothing that answers
at once. Here it stands beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from litestar.types import Receive, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.edge import Edge


class Proxied:
    """An Edge whose requests come through proxies."""

    def __init__(self, edge: Edge, trusted: Sequence[str]) -> None:
        """trusted: addresses and networks of the proxies."""
        self._edge = edge
        self._app = ProxyHeadersMiddleware(edge, list(trusted))  # type: ignore[arg-type]
        self._heed = ProxyHeadersMiddleware(_nothing, list(trusted))
        self.bare = edge.bare

    def at_once(self, scope: Any, send: Any) -> bool:
        """As Edge.at_once. What the proxies say is written into the scope; twice is the same as once."""
        step: Any = self._heed(scope, None, send)  # type: ignore[arg-type]
        with suppress(StopIteration):  # it waits for nothing but what it is put around
            step.send(None)
        return self._edge.at_once(scope, send)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)  # type: ignore[arg-type]


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Nothing."""
