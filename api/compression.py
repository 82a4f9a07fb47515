"""Content codings: which one a client is to get, and the bytes in it.

Litestar's compression middleware and others work per request; what is kept has to be compressed once.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli
import zstandard

LEAST_BYTES = 1024
"""What is shorter fits into one packet anyway."""
CODINGS = ("zstd", "br", "gzip")
"""Those that are offered; of what a client likes equally well, the first."""
ZSTD_LEVEL, BROTLI_QUALITY, GZIP_LEVEL = 3, 4, 6
HEADER_BYTES = 512
"""An Accept-Encoding that is longer gets what everybody understands."""
REMEMBERED = 1024
"""What was found out for so many is remembered, and for none that is longer."""


class _Chosen(dict[bytes, str | None]):
    """What was found out for an Accept-Encoding, for looking it up costs less than a function's call."""

    def __missing__(self, accepted: bytes) -> str | None:
        if len(accepted) > HEADER_BYTES:
            return None
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[accepted] = _coding(accepted)
        return found


chosen: Callable[[bytes], str | None] = _Chosen().__getitem__
"""The coding for the value of an Accept-Encoding header; None: as it is."""


def _coding(accepted: bytes) -> str | None:
    """The same, found out (RFC 9110, 12.5.3). What is malformed in it is passed over."""
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    rest = weights.get("*", 0.0)
    liked = {coding: weights.get(coding, rest) for coding in CODINGS}
    best = max(CODINGS, key=lambda coding: liked[coding])
    return best if liked[best] > 0 and liked[best] >= weights.get("identity", 0.0) else None


def _weight(parameter: str) -> float:
    """The q of a part: 1 where there is none, 0 where it cannot be read."""
    name, _, value = parameter.partition("=")
    if not name.strip():
        return 1.0
    try:
        weight = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


def compressed(body: bytes, coding: str) -> bytes:
    """The body in one of CODINGS."""
    match coding:
        case "zstd":
            # An object for each: they are no use to two threads at once, and cost little.
            return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
        case "br":
            return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
        case "gzip":
            return gzip.compress(body, GZIP_LEVEL, mtime=0)
    raise ValueError(coding)
