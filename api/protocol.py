"""How uvicorn speaks HTTP here: as it always does, but a stream ends when the server is asked to stop."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STREAM = "homeroom.stream"
"""In the scope of a response that goes on until its client leaves: True, and False when it has to end."""


class Http(HttpToolsProtocol):
    """uvicorn waits for responses in flight to end, and does not tell one that never does by itself."""

    def shutdown(self) -> None:
        """Begin to stop."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            return
        scope: Any = self.cycle.scope
        if STREAM in scope:
            scope[STREAM] = False

            self.cycle.message_event.set()  # `receive` returns
