"""What a hub's clients ask the database, where a test says what it answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any


class Source:
    """What the database answers to everybody."""

    def __init__(self) -> None:
        self.topics_heard = ["role:student"]
        self.events: list[dict[str, Any]] = []
        self.asked = 0
        self.kinds: list[tuple[str, ...] | None] = []
        self.version = 0
        """Of the dashboard; 0: there is none."""
        self.afresh = False
        self.held: Awaitable[object] | None = None

    async def topics(self, claims: str) -> bytes:
        self.asked += 1
        return json.dumps({"topics": self.topics_heard}).encode()

    async def replay(self, claims: str, cursor: str | None, kinds: tuple[str, ...] | None) -> bytes:
        if self.held is not None:
            await self.held
        events = self.events if cursor else []
        self.kinds.append(kinds)
        answer = {"cursor": "0.5:5:", "reset": False, "topics": self.topics_heard, "events": events}
        answer["afresh"] = self.afresh
        return json.dumps(answer).encode()

    async def document(self, claims: str) -> bytes:
        return json.dumps({"version": self.version, "points": 5} if self.version else None).encode()
