"""What clients send, apart from what they get: the first is closed, the second may grow."""

from __future__ import annotations

from msgspec import Struct


class Sent(Struct, forbid_unknown_fields=True):
    """Part of a request's body: a field that it does not have is a mistake, and OpenAPI says so."""
