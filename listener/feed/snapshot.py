"""Positions in the feed: a PostgreSQL snapshot says of each transaction whether its events were read."""

from __future__ import annotations

import re
from typing import Self

from msgspec import Struct

CURSOR = re.compile(r"(?P<epoch>[0-9A-Za-z]+)\.(?P<snapshot>(?P<xmin>\d+):(?P<xmax>\d+):(?P<xip>[\d,]*))")
CURSOR_CHARACTERS = re.compile(r"[0-9A-Za-z.:,]{1,8000}")


class Snapshot(Struct, frozen=True):
    """A pg_snapshot: whatever is below `xmax` and not in `running` had ended when it was taken."""

    xmax: int
    running: frozenset[int]

    @classmethod
    def of(cls, cursor: str) -> Self:
        """The snapshot in a cursor that the database wrote. Raises ValueError for any other text."""
        found = CURSOR.fullmatch(cursor)
        if found is None:
            raise ValueError("not a cursor")
        return cls(int(found["xmax"]), frozenset(int(txid) for txid in found["xip"].split(",") if txid))

    def sees(self, txid: int) -> bool:
        """Whether the transaction had ended."""
        return txid < self.xmax and txid not in self.running

    def covers(self, other: Snapshot) -> bool:
        """Whether this one sees all that the other sees. True of the later of two from one server."""
        return self.xmax >= other.xmax and all(
            txid >= other.xmax or txid in other.running for txid in self.running
        )


def harmless(cursor: str | None) -> str | None:
    """A cursor that a client sent, as the database is asked about it: what cannot be one becomes `-`."""
    return cursor if cursor is None or CURSOR_CHARACTERS.fullmatch(cursor) else "-"
