"""Sessions of browsers: the cookie, its token against forged requests, and where a request comes from.

The cookie's value is `<organization>.<256 random bits>`. The database keeps the SHA-256 of the random part:
who reads a backup can make no cookie of it. The token against cross-site request forgery (CSRF) is an HMAC
with the value as its key: it is checked here, without asking anybody, and tells nothing about the cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from api.errors import ApiError

SESSION, CSRF = "homeroom_session", "homeroom_csrf"
"""Names of the cookies. Behind TLS both begin with HOST."""
HOST = "__Host-"
"""Browsers take such a cookie from this very host alone, over TLS: no neighbour can plant one."""
PREFIX = b"session "
"""What a session's credential begins with; no bearer token has a blank."""
HEADER = b"x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
COOKIE_BYTES = 16_384
"""A longer Cookie header is refused unread."""

_NAMES = {False: SESSION.encode(), True: (HOST + SESSION).encode()}
_NAMED = {secure: re.compile(rb"(?:^|;)[ \t]*%b=([^;]*)" % name) for secure, name in _NAMES.items()}
_VALUE = re.compile(rb"([1-9][0-9]{0,18})\.([A-Za-z0-9_-]{43})")
_INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def fresh(org: int) -> bytes:
    """A new cookie's value, for somebody of this organization."""
    return b"%d.%b" % (org, secrets.token_urlsafe(32).encode())


def parts(value: bytes) -> tuple[int, str]:
    """Organization and id (SHA-256, hexadecimal) of the session with this cookie value. Raises ApiError."""
    found = _VALUE.fullmatch(value)
    if found is None or (org := int(found[1])) >= 2**63:
        raise ApiError("HR401", "The session's cookie is not valid.", dict(_INVALID))
    return org, hashlib.sha256(found[2]).hexdigest()


def csrf_token(value: bytes) -> str:
    """The token that goes with a cookie value."""
    digest = hmac.digest(value, b"homeroom csrf", "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def from_cookies(header: bytes, secure: bool) -> bytes | None:
    """The session's credential among the cookies, if there is one.

    header: of Cookie. secure: whether the request came over TLS, where only the cookie with HOST counts.
    Raises ApiError (HR401) for a value that cannot be one, and for two: one would be somebody else's doing.
    """
    name = _NAMES[secure]
    if name not in header:
        return None
    if len(header) > COOKIE_BYTES:
        raise ApiError("HR401", "The cookies are too long.", dict(_INVALID))
    values: list[bytes] = _NAMED[secure].findall(header)
    if not values:
        return None
    if len(values) > 1 or not _VALUE.fullmatch(values[0]):
        raise ApiError("HR401", "The session's cookie is not valid.", dict(_INVALID))
    return PREFIX + values[0]


def guard(method: str, headers: Mapping[bytes, bytes], credential: bytes | None, *, secure: bool) -> None:
    """Let pass what this site's own pages ask for. Raises ApiError (HR403) for what may be forged.

    To be called with every request's credential, before anything is done. A bearer token passes, as browsers
    add none by themselves; so do methods that change nothing.
    """
    if credential is None or method in SAFE or not credential.startswith(PREFIX):
        return
    site = headers.get(b"sec-fetch-site", b"same-origin")
    if site != b"same-origin" or (b"origin" in headers and not same_origin(headers, secure)):
        raise ApiError("HR403", "A request with a session's cookie has to come from this site's own pages.")
    expected = csrf_token(credential.removeprefix(PREFIX)).encode()
    if not hmac.compare_digest(headers.get(HEADER, b""), expected):
        raise ApiError("HR403", "With a session's cookie this needs its token in the header X-CSRF-Token.")


def of_this_site(headers: Mapping[bytes, bytes]) -> None:
    """Let pass a stream with a session's cookie if one of this site's own pages opened it, or no page at all.

    Raises ApiError (HR403): a neighbouring host's page could not read it, but use up what a person may have.
    """
    if headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
        raise ApiError("HR403", "A stream with a session's cookie has to come from this site's own pages.")


def same_origin(headers: Mapping[bytes, bytes], secure: bool) -> bool:
    """Whether the header Origin names the host that is asked. Without TLS its own scheme does not matter."""
    scheme, _, host = headers.get(b"origin", b"").partition(b"://")
    schemes = (b"https",) if secure else (b"http", b"https")
    return scheme in schemes and host != b"" and host.lower() == headers.get(b"host", b"").lower()


def cookies(value: bytes, seconds: int, secure: bool) -> list[tuple[bytes, bytes]]:
    """The Set-Cookie headers of a session that begins. seconds: how long it is good."""
    return [
        _set(SESSION, value.decode(), seconds, secure, "; HttpOnly"),
        _set(CSRF, csrf_token(value), seconds, secure, ""),  # for the page's own scripts
    ]


def no_cookies(secure: bool) -> list[tuple[bytes, bytes]]:
    """The Set-Cookie headers with which a browser forgets both."""
    return [_set(SESSION, "", 0, secure, "; HttpOnly"), _set(CSRF, "", 0, secure, "")]


def _set(name: str, value: str, seconds: int, secure: bool, more: str) -> tuple[bytes, bytes]:
    prefix, more = (HOST, f"; Secure{more}") if secure else ("", more)
    return (
        b"set-cookie",
        f"{prefix}{name}={value}; Path=/; Max-Age={seconds}; SameSite=Strict{more}".encode(),
    )
