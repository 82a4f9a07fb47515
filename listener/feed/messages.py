"""Events, and how each kind of client gets them: encoded once, whoever and how many they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

RIGHTS = "rights"
"""The kind that no client gets: whose rights have begun or ended, in the topics `person:<id>`."""

UPDATE = "update"
"""The kind of a dashboard's new version: a merge patch from the one before, or the document itself."""

SNAPSHOT = "snapshot"
"""The type of a message that brings the whole dashboard."""
CONTENT = frozenset({"patch", "document"})
"""What an update holds one of, unless that was too long."""

UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""What comes of an answer that cannot be decoded."""

Message = dict[str, Any]
"""As ASGI's `send` takes it."""


class Event(Struct):
    """An event, as api.feed_read() and api.feed_replay() answer it."""

    org: int
    id: int
    txid: int
    kind: str
    data: dict[str, Raw]
    topics: tuple[str, ...] = ()
    written: dict[Any, list[Message]] = {}
    """Its messages by shape; with the cursor at the end, and without."""
    blocks: dict[Any, bytes] = {}
    """Its bytes by shape, for messages of several events."""

    def follows(self, version: int) -> bool:
        """Of an update: whether it is younger than this version. What has no version of its own is."""
        return "version" not in self.data or int(bytes(self.data["version"])) > version

    @property
    def is_whole(self) -> bool:
        """Whether it says what there is to say. An update may have been too long for that."""
        return self.kind != UPDATE or not CONTENT.isdisjoint(self.data)

    @property
    def type(self) -> str:
        """What clients call it: an update that brings the document is a snapshot."""
        return SNAPSHOT if self.kind == UPDATE and "document" in self.data else self.kind

    def fields(self) -> dict[str, Raw]:
        """Its data as clients get it: of an update, the fields of the patch or document beside the others."""
        if self.kind != UPDATE:
            return self.data
        (content,) = CONTENT & self.data.keys()
        others = {name: raw for name, raw in self.data.items() if name != content}
        return read_fields(self.data[content]) | others


class Batch(Struct):
    """What api.feed_read() answers: the events since a cursor, and the cursor after them."""

    cursor: str | None
    reset: bool
    events: list[Event]
    more: bool = False
    """Whether there is more, which was too much for one answer."""
    end: int = 0
    """With rights: a transaction's number; whoever has not seen them has a lower one."""


class Replay(Struct):
    """What api.feed_replay() answers: the same for one person, and what that person hears."""

    cursor: str
    reset: bool
    topics: tuple[str, ...]
    events: list[Event] = []
    afresh: bool = False
    """Whether the dashboard is to be read instead of its updates, which are left out."""


class Topics(Struct):
    """What api.feed_topics() answers."""

    topics: tuple[str, ...]


class Document(Struct):
    """What is known of a dashboard that comes with a snapshot or a reset."""

    version: int = 0


read_batch = msgspec.json.Decoder(Batch, strict=False).decode
read_replay = msgspec.json.Decoder(Replay, strict=False).decode
read_topics = msgspec.json.Decoder(Topics).decode
read_document = msgspec.json.Decoder(Document | None).decode
read_fields = msgspec.json.Decoder(dict[str, Raw]).decode


class Shape(Protocol):
    """How a kind of client gets what it gets."""

    def messages(self, events: Sequence[Event], cursor: str | None) -> list[Message]:
        """Events, the last of them with the cursor."""

    def special(self, kind: str, cursor: str | None = None, data: bytes | None = None) -> Message:
        """A message that is no event: `reset`, `expired`, `error`, `welcome`, `ping`."""

    def snapshot(self, cursor: str | None, document: bytes) -> Message:
        """A dashboard, its fields beside the type."""

    def note(self, kind: str, data: Mapping[str, Raw]) -> Message:
        """A message that is no event but looks like one, without id and cursor: `metrics`."""

    def beat(self, cursor: str | None) -> Message:
        """A sign of life, with the cursor."""

    def probe(self) -> Message:
        """The least that can be sent, to wait until the client has taken what came before."""


OWN = frozenset({"type", "event_id", "cursor"})
"""What stands beside the data and is not the sender's to say; `timestamp` is the database's already."""


def fields(event: Event, **first: Any) -> bytes:
    """An event's data as a JSON object: first its type, its id and `first`. Data has no part in OWN."""
    own = {"type": event.type, "event_id": event.id, **first}
    return msgspec.json.encode(own | {name: raw for name, raw in event.fields().items() if name not in OWN})


class Sse:
    """Server-sent events: unnamed, so that `onmessage` gets them all, or named by their type."""

    def __init__(self, named: bool) -> None:
        self._named = named

    def messages(self, events: Sequence[Event], cursor: str | None) -> list[Message]:
        """One message, whatever the number of events."""
        if len(events) == 1:
            (event,) = events
            key = (Sse, self._named, cursor is not None)
            if (kept := event.written.get(key)) is None:
                kept = event.written[key] = [self._body(self._event(event, cursor))]
            return kept
        if not events:
            return []
        blocks = [self._kept(event) for event in events[:-1]]
        return [self._body(b"".join([*blocks, self._event(events[-1], cursor)]))]

    def special(self, kind: str, cursor: str | None = None, data: bytes | None = None) -> Message:
        body = msgspec.json.encode({"type": kind} if data is None else {"type": kind, "data": Raw(data)})
        return self._body(self._block(kind, cursor, body))

    def snapshot(self, cursor: str | None, document: bytes) -> Message:
        body = msgspec.json.encode({"type": SNAPSHOT} | read_fields(document))
        return self._body(self._block(SNAPSHOT, cursor, body))

    def note(self, kind: str, data: Mapping[str, Raw]) -> Message:
        return self._body(self._block(kind, None, msgspec.json.encode({"type": kind, **data})))

    def beat(self, cursor: str | None) -> Message:
        return self._body(b": \n\n" if cursor is None else b"id: %b\n\n" % cursor.encode())

    def probe(self) -> Message:
        return self._body(b"")

    def _kept(self, event: Event) -> bytes:
        """An event without the cursor, as one of several."""
        key = (Sse, self._named)
        if (block := event.blocks.get(key)) is None:
            block = event.blocks[key] = self._event(event, None)
        return block

    def _event(self, event: Event, cursor: str | None) -> bytes:
        return self._block(event.type, cursor, fields(event))

    def _block(self, kind: str, cursor: str | None, data: bytes) -> bytes:
        name = b"event: %b\n" % kind.encode() if self._named else b""
        position = b"" if cursor is None else b"id: %b\n" % cursor.encode()
        # Between values, JSON may break its lines; here a line would end the data.
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")
        return b"%b%bdata: %b\n\n" % (position, name, data)

    @staticmethod
    def _body(body: bytes) -> Message:
        return {"type": "http.response.body", "body": body, "more_body": True}


class Socket:
    """WebSocket messages: `{"type", …}` with the fields beside it, or `{"type", "data": {…}}`."""

    def __init__(self, wrapped: bool) -> None:
        self.wrapped = wrapped

    def messages(self, events: Sequence[Event], cursor: str | None) -> list[Message]:
        """One message per event."""
        found: list[Message] = []
        for event in events:
            position = cursor if event is events[-1] else None
            key = (Socket, self.wrapped, position is not None)
            if (kept := event.written.get(key)) is None:
                kept = event.written[key] = [self._text(self._event(event, position))]
            found += kept
        return found

    def special(self, kind: str, cursor: str | None = None, data: bytes | None = None) -> Message:
        body: dict[str, Any] = {"type": kind}
        if data is not None:
            body["data"] = Raw(data)
        if cursor is not None:
            body["cursor"] = cursor
        return self._text(msgspec.json.encode(body))

    def snapshot(self, cursor: str | None, document: bytes) -> Message:
        position = {} if cursor is None else {"cursor": cursor}
        return self._text(msgspec.json.encode({"type": SNAPSHOT, **position} | read_fields(document)))

    def note(self, kind: str, data: Mapping[str, Raw]) -> Message:
        body = {"type": kind, "data": data} if self.wrapped else {"type": kind, **data}
        return self._text(msgspec.json.encode(body))

    def beat(self, cursor: str | None) -> Message:
        return self.special("heartbeat" if self.wrapped else "ping", cursor)

    def probe(self) -> Message:
        return self.beat(None)

    def _event(self, event: Event, cursor: str | None) -> bytes:
        position = {} if cursor is None else {"cursor": cursor}
        if not self.wrapped:
            return fields(event, **position)
        return msgspec.json.encode({"type": event.kind, "event_id": event.id, "data": event.data, **position})

    @staticmethod
    def _text(body: bytes) -> Message:
        return {"type": "websocket.send", "text": body.decode()}
