"""A whole answer as bytes: made once, written as often as it is asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from http import HTTPStatus

from api.compression import LEAST_BYTES, compressed

Headers = Iterable[tuple[bytes, bytes]]

COMPRESSIBLE = (b"application/json", b"application/problem+json", b"text/")
ENTITY = frozenset({b"content-type", b"content-length", b"content-encoding"})
"""Headers of a body: a 304 has none of them."""
OVERHEAD_BYTES = 1000
"""What an answer's objects and heads take besides its body, about."""
UNSAFE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""What would end a header, or begin another."""


class Answer:
    """An answer that is complete: its head, its body in each coding that was asked for, its ETag."""

    __slots__ = (
        "_common",
        "_entity",
        "_forms",
        "_unchanged",
        "body",
        "etag",
        "may_compress",
        "route",
        "status",
    )

    def __init__(self, status: int, headers: Headers, body: bytes, *, revalidates: bool = False) -> None:
        """headers: without those of a single request. revalidates: whether it is to have an ETag.

        Raises ValueError for a header that is none.

        The ETag is a digest of the body: the same document has the same in every process and after every
        start, and no two have one in common, whatever parts a document is put together from. It is a weak
        one, since it stands for each coding of the body.
        """
        common: list[bytes] = []
        entity: list[bytes] = []
        kind, stored = b"", True
        for name, value in headers:
            if name == b"content-length":
                continue
            if UNSAFE.search(name) or UNSAFE.search(value):
                raise ValueError("a header holds a control character")
            if name == b"content-type":
                kind = value
            if name == b"cache-control" and b"no-store" in value:
                stored = False
            (entity if name in ENTITY else common).append(b"%b: %b\r\n" % (name, value))
        self.status = status
        self.body = body
        self.route = ""
        """Template of the path that it is the answer of."""
        # What nobody may keep may hold a secret, and its length would tell of it.
        self.may_compress = len(body) >= LEAST_BYTES and stored and kind.startswith(COMPRESSIBLE)
        self.etag = b""
        if revalidates and stored:
            self.etag = b'W/"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
            common.append(b"etag: %b\r\n" % self.etag)
        if self.may_compress:
            common.append(b"vary: accept-encoding\r\n")
        self._common = b"".join(common)
        self._entity = b"".join(entity)
        self._forms: dict[str | None, tuple[bytes, bytes]] = {}
        self._unchanged = b""

    @property
    def size(self) -> int:
        """Bytes of memory that it may come to take: its compressed forms together are no longer than it."""
        return OVERHEAD_BYTES + len(self.body) * (2 if self.may_compress else 1)

    def form(self, coding: str | None) -> tuple[bytes, bytes]:
        """Head and body in a coding; None: as it is. The head is not closed: more headers may follow."""
        if not self.may_compress:
            coding = None
        form = self._forms.get(coding)
        if form is None:
            form = self._forms[coding] = self._make(coding)
        return form

    def _make(self, coding: str | None) -> tuple[bytes, bytes]:
        body, said = self.body, b""
        if coding is not None:
            smaller = compressed(body, coding)
            if len(smaller) < len(body):
                body, said = smaller, b"content-encoding: %b\r\n" % coding.encode()
        length = b"" if self.status in (204, 304) else b"content-length: %d\r\n" % len(body)
        return b"".join((_status_line(self.status), self._common, self._entity, said, length)), body

    def unchanged(self) -> bytes:
        """The head of a 304 for it, not closed."""
        if not self._unchanged:
            self._unchanged = _status_line(304) + self._common
        return self._unchanged

    def matches(self, if_none_match: bytes) -> bool:
        """Whether the client has it, by its If-None-Match (RFC 9110, 13.1.2)."""
        if not self.etag:
            return False
        if if_none_match == self.etag:
            return True
        if if_none_match.strip() == b"*":
            return True
        opaque = self.etag[2:]
        return any(given.strip().removeprefix(b"W/") == opaque for given in if_none_match.split(b","))


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())
