"""How uvicorn speaks HTTP here: as it always does, but a stream ends when the server is asked to stop."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.edge import STREAM


class Http(HttpToolsProtocol):
    """uvicorn waits for responses in flight to end, and does not tell one that never does by itself."""

    def shutdown(self) -> None:
        """Begin to stop."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete:
            scope: Any = self.cycle.scope
            if (stream := scope.get(STREAM)) is not None:
                stream.stop()
