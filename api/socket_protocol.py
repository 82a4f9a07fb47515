"""How uvicorn speaks WebSocket here: as it always does, but with bounds on what a client may leave unread."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.connections import unread
from api.protocol import LOOKS, Http

SHUT_SECONDS = 5.0
"""When the server stops, a WebSocket whose client does not take what is left for it is dropped after this."""


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket. Its client, too, is not waited for if it takes nothing of what is written."""

    _watch: asyncio.TimerHandle | None = None
    _unread = _unmoved = 0
    """Bytes that waited for the client at the last look; how many looks ago that was not so."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, in the place of Http."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(Http.request_seconds / LOOKS, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """Answer, unless answers wait for the client already: whoever reads none could have them pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # only the latest ping wants its answer (RFC 6455, 5.5.3)

    def shutdown(self) -> None:
        """Close; the server waits for that."""
        super().shutdown()
        self.loop.call_later(SHUT_SECONDS, self.transport.abort)

    def _look_again(self) -> None:
        """Drop who takes nothing: closing would wait for the client, and there would be room for one less."""
        before, self._unread = self._unread, unread(self.transport)
        self._unmoved = self._unmoved + 1 if 0 < before == self._unread else 0
        if self._unmoved >= LOOKS:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(Http.request_seconds / LOOKS, self._look_again)
