"""Cross-origin resource sharing: which other sites' pages may read answers. By default none.

Such pages show bearer tokens. Cookies are this site's own pages' alone: `Access-Control-Allow-Credentials` is
never sent, so that no browser adds one to what another origin asks, or lets it read the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.settings import Settings

METHODS = b"GET, HEAD, POST, DELETE"
REQUEST_HEADERS = (
    b"Authorization, Content-Type, If-None-Match, Last-Event-ID, X-Request-ID, traceparent, tracestate"
)
RESPONSE_HEADERS = (
    b"ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Server-Timing, "
    b"WWW-Authenticate, X-API-Version, X-Feed-Cursor, X-Request-ID"
)
MAX_AGE = b"600"
"""Seconds for which a browser need not ask again."""
VARY = (b"vary", b"Origin")


class Cors:
    """The policy of CORS_ORIGINS."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        """origins: those that may read answers; `*`: every one."""
        self._any = "*" in origins
        self._allowed = frozenset(origin.encode() for origin in origins)

    def preflight(self, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]] | None:
        """What the answer (204) to a browser's question before a request gets besides `headers`.

        headers: the question's. None: it is no such question. An origin that may not is told nothing.
        """
        if b"origin" not in headers or b"access-control-request-method" not in headers:
            return None
        if not (self._any or headers[b"origin"] in self._allowed):
            return []
        return [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", MAX_AGE),
        ]

    def headers(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """What every answer gets; origin: the request's, b"" for none. VARY may have to join another."""
        expose = (b"access-control-expose-headers", RESPONSE_HEADERS)
        if self._any:
            return [(b"access-control-allow-origin", b"*"), expose] if origin else []
        if origin in self._allowed:
            return [(b"access-control-allow-origin", origin), expose, VARY]
        return [VARY]


def cors(settings: Settings) -> Cors | None:
    """The policy that is configured; None: no other site's pages may read anything."""
    origins = settings.allowed_origins()
    return Cors(origins) if origins else None
