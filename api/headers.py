"""The headers that every answer has: what a browser may do with it, and which release gave it."""

from __future__ import annotations

from importlib.metadata import version

from api.settings import Settings

API_VERSION = (b"x-api-version", version("homeroom").encode())
"""The release that answers. Sent whether security headers are or not."""

ALWAYS = [
    # An answer is data. Should a browser be made to show one as a page, nothing in it runs or loads.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),  # what frame-ancestors says, for browsers that do not know it
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # No other site embeds an answer. One that CORS lets read it is not concerned.
    (b"cross-origin-resource-policy", b"same-origin"),
]
# Not for the other names below the host, of which this server knows nothing.
OVER_TLS = [*ALWAYS, (b"strict-transport-security", b"max-age=31536000")]


class SecurityHeaders:
    """Which of them an answer gets: those whose names it does not have itself, as the pages do."""

    def __init__(self, settings: Settings) -> None:
        """settings: SECURITY_HEADERS_ENABLED."""
        enabled = settings.security_headers_enabled
        self._plain = ALWAYS if enabled else []
        self._over_tls = OVER_TLS if enabled else []

    def for_scheme(self, scheme: str) -> list[tuple[bytes, bytes]]:
        """The headers for a request by http or https: one and the same list each time, not to be changed."""
        return self._over_tls if scheme == "https" else self._plain
