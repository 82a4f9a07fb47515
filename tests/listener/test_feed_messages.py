"""Positions, and what an event looks like to each kind of client."""

from __future__ import annotations

import json

import pytest

from listener.feed.messages import Event, Socket, Sse, read_batch
from listener.feed.snapshot import Snapshot, harmless

BATCH = """{"cursor": "0a.5:9:6,7", "reset": false, "events": [
    {"org": 1, "id": 4, "txid": "5", "topics": ["person:a", "admin"], "kind": "grade",
     "data": {"grade": 70.50, "type": "forged", "event_id": 0, "cursor": "forged", "title": "One\\nline",
     "student":
        {"id": 1}}},
    {"org": 1, "id": 6, "txid": "8", "topics": ["admin"], "kind": "note", "data": {}}
]}"""


def events() -> list[Event]:
    return read_batch(BATCH).events


def test_a_snapshot_sees_what_had_ended() -> None:
    snapshot = Snapshot.of("00ff.5:9:6,7")
    assert [txid for txid in range(4, 11) if snapshot.sees(txid)] == [4, 5, 8]
    assert Snapshot.of("00ff.5:5:").sees(4)
    assert not Snapshot.of("00ff.5:5:").sees(5)


@pytest.mark.parametrize(
    ("later", "earlier", "covers"),
    [
        ("0.5:9:", "0.5:9:6", True),
        ("0.5:9:6", "0.5:9:", False),
        ("0.5:9:6", "0.5:9:6,7", True),
        ("0.5:12:10", "0.5:9:", True),
        ("0.5:9:", "0.5:12:", False),
        ("0.5:12:8", "0.5:9:", False),
    ],
)
def test_a_later_snapshot_covers_an_earlier_one(later: str, earlier: str, covers: bool) -> None:
    assert Snapshot.of(later).covers(Snapshot.of(earlier)) is covers


@pytest.mark.parametrize("text", ["", "5:9:", "x.5:9", "a.5:9:6 ", "a.b:9:", "-1.5:9:"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Snapshot.of(text)


def test_what_a_client_sends_as_cursor_is_harmless() -> None:
    assert harmless("0a.5:9:6,7") == "0a.5:9:6,7"
    assert harmless(None) is None
    for bad in ("", "a\0b", "a" * 8001, "ä", "a b"):
        assert harmless(bad) == "-"


def test_events_as_server_sent_events() -> None:
    (message,) = Sse(False).messages(events(), "0a.5:9:6,7")
    first, second, rest = message["body"].decode().split("\n\n")
    assert rest == ""
    assert first.startswith("data: {") and "\n" not in first, "one line, whatever JSON breaks into several"
    said = json.loads(first.removeprefix("data: "))
    assert (said["type"], said["event_id"], said["grade"]) == ("grade", 4, 70.5)
    assert said["title"] == "One\nline"
    assert '"grade":70.50' in first, "numbers as PostgreSQL wrote them"
    assert second.splitlines()[0] == "id: 0a.5:9:6,7"
    assert json.loads(second.splitlines()[1].removeprefix("data: ")) == {"type": "note", "event_id": 6}


def test_named_events() -> None:
    (message,) = Sse(True).messages(events()[:1], "0a.5:9:")
    assert message["body"].startswith(b'id: 0a.5:9:\nevent: grade\ndata: {"type":"grade"')


def test_an_event_is_written_once_for_all() -> None:
    event, other = events()
    shape = Sse(False)
    assert shape.messages([event], "c")[0] is shape.messages([event], "c")[0]
    assert shape.messages([event], None)[0] is not shape.messages([event], "c")[0]
    assert Socket(False).messages([event], "c")[0] is Socket(False).messages([event], "c")[0]
    assert Socket(False).messages([event], "c")[0] != Socket(True).messages([event], "c")[0]
    assert Sse(True).messages([event, other], "c") != shape.messages([event, other], "c")


def test_events_as_socket_messages() -> None:
    flat, last = (json.loads(message["text"]) for message in Socket(False).messages(events(), "c"))
    assert flat["type"] == "grade"
    assert "cursor" not in flat
    assert "forged" not in json.dumps(flat)
    assert last == {"type": "note", "event_id": 6, "cursor": "c"}
    wrapped, _ = (json.loads(message["text"]) for message in Socket(True).messages(events(), "c"))
    assert (wrapped["type"], wrapped["event_id"], wrapped["data"]["grade"]) == ("grade", 4, 70.5)


def test_no_events_are_no_message() -> None:
    assert Sse(False).messages([], "c") == Socket(False).messages([], "c") == []
