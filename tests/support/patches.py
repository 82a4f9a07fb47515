"""JSON Merge Patch (RFC 7396), as a client applies it, and dashboards that are followed."""

from __future__ import annotations

from typing import Any

MESSAGE = frozenset({"type", "event_id", "timestamp", "version", "cursor"})
"""What stands in a message beside the fields of the dashboard."""
COMPARED = frozenset({"last_updated", "leaderboard"})
"""Of a student's dashboard, what is none of the document that has a version."""


def patched(target: Any, patch: Any) -> Any:
    """The target with the patch applied: the algorithm of the RFC, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


class Followed:
    """A dashboard as a client keeps it that does what its stream says."""

    def __init__(self) -> None:
        self.document: dict[str, Any] | None = None
        self.version = 0
        self.count = dict.fromkeys(("snapshot", "update", "reset"), 0)

    def take(self, message: dict[str, Any]) -> None:
        """Do what a message of the stream says; nothing of what it only tells."""
        kind = message["type"]
        if kind not in self.count:
            return
        self.count[kind] += 1
        said = message["data"] if kind == "reset" else message
        fields = {name: value for name, value in said.items() if name not in MESSAGE}
        self.version = said.get("version", self.version)
        self.document = patched(self.document, fields) if kind == "update" else fields

    def shown(self) -> dict[str, Any]:
        """What is there, less what is none of the document."""
        assert self.document is not None
        return {name: value for name, value in self.document.items() if name not in COMPARED}
