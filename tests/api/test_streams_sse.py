"""Server-sent events: their format, where they begin, whom they end for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from uuid import UUID

import psycopg
import pytest

from tests.api.support import School, bearer, token
from tests.support import school as facts
from tests.support.streams import PATIENCE, Block, Sse, sse

STUDENT = "/api/v1/student/dashboard/stream"
ANY = "/dashboard/stream"

Session = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def db(live_school: School) -> Iterator[Session]:
    with live_school.database.connect() as connection:
        yield connection


@pytest.fixture
def student(live_school: School, db: Session) -> UUID:
    """A student of this test."""
    return facts.make_person(db, live_school.org, "student")


def notify(db: Session, org: int, person: UUID, title: str) -> None:
    """A fact that is told to one person."""
    db.execute(
        "insert into school.notification (org_id, person_id, title) values (%s, %s, %s)", (org, person, title)
    )


def opened(
    school: School, person: UUID, role: str, path: str = STUDENT, **headers: str
) -> AbstractContextManager[Sse]:
    """A stream of this person."""
    return sse(school.client.base_url, path, token(person, school.org, role), **headers)


def titles(stream: Sse, number: int) -> list[str]:
    """What the next notifications are called."""
    return [(stream.message() or {})["title"] for _ in range(number)]


def test_a_message_has_an_id_and_its_type_and_no_name(
    live_school: School, db: Session, student: UUID
) -> None:
    with opened(live_school, student, "student") as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-request-id"]
        before = stream.last_id
        notify(db, live_school.org, student, "One\nline")
        block = next(block for block in iter(stream.block, None) if "data" in block)
        assert set(block) == {"id", "data"}
        assert block["id"] != before
        said = json.loads(block["data"])
        assert (said["type"], said["title"]) == ("notification", "One\nline")
        assert said["event_id"] > 0
        assert "timestamp" in said


def test_named_messages_have_their_type_as_name(live_school: School, db: Session, student: UUID) -> None:
    with opened(live_school, student, "student", STUDENT + "?named=1") as stream:
        notify(db, live_school.org, student, "Named")
        block = next(block for block in iter(stream.block, None) if "data" in block)
        assert block["event"] == "notification"


def test_signs_of_life_carry_the_position(live_school: School, db: Session, student: UUID) -> None:
    with opened(live_school, student, "student") as stream:
        first = stream.last_id
        beats: list[Block | None] = [stream.block(), stream.block()]
        assert beats == [{"id": first}, {"id": first}]
        notify(db, live_school.org, live_school.ada, "Somebody else's")
        while stream.last_id == first:
            assert set(stream.block() or {}) == {"id"}


def test_of_several_events_of_one_read_the_last_has_the_id(
    live_school: School, db: Session, student: UUID
) -> None:
    with opened(live_school, student, "student") as stream:
        with db.transaction():
            for number in range(3):
                notify(db, live_school.org, student, str(number))
        blocks: list[Block] = []
        while len(blocks) < 3:
            block = stream.block()
            assert block is not None
            blocks += [block] if "data" in block else []
    assert [json.loads(block["data"])["title"] for block in blocks] == ["0", "1", "2"]
    assert ["id" in block for block in blocks] == [False, False, True]


@pytest.mark.parametrize("way", ["header", "query", "both"])
def test_a_stream_goes_on_where_it_ended(live_school: School, db: Session, student: UUID, way: str) -> None:
    with opened(live_school, student, "student") as stream:
        start = stream.last_id
        notify(db, live_school.org, student, "First")
        assert titles(stream, 1) == ["First"]
        seen = stream.last_id
    notify(db, live_school.org, student, "Missed")
    query = {"header": "", "query": f"?cursor={seen}", "both": f"?cursor={start}"}[way]
    headers = {} if way == "query" else {"Last_Event_ID": str(seen)}
    with opened(live_school, student, "student", STUDENT + query, **headers) as stream:
        notify(db, live_school.org, student, "Next")
        assert titles(stream, 2) == ["Missed", "Next"]


def test_a_document_says_where_its_stream_begins(live_school: School, db: Session, student: UUID) -> None:
    answer = live_school.get("/api/v1/student/dashboard", student, "student")
    notify(db, live_school.org, student, "After the document")
    cursor = answer.headers["x-feed-cursor"]
    with opened(live_school, student, "student", f"{STUDENT}?cursor={cursor}") as stream:
        assert titles(stream, 1) == ["After the document"]


def test_what_was_begun_before_and_committed_later_is_not_skipped(
    live_school: School, db: Session, student: UUID
) -> None:
    with live_school.database.connect() as early:
        with early.transaction():
            notify(early, live_school.org, student, "Begun first")
            with opened(live_school, student, "student") as stream:
                notify(db, live_school.org, student, "Committed first")
                assert titles(stream, 1) == ["Committed first"]
                seen = str(stream.last_id)
        with opened(live_school, student, "student", Last_Event_ID=seen) as stream:
            notify(db, live_school.org, student, "Last")
            assert titles(stream, 2) == ["Begun first", "Last"]
    with opened(live_school, student, "student", Last_Event_ID=seen) as again:
        assert titles(again, 2) == ["Begun first", "Last"]


def test_only_the_kinds_asked_for_come(live_school: School, db: Session, student: UUID) -> None:
    start = live_school.get("/api/v1/student/dashboard", student, "student").headers["x-feed-cursor"]

    def both(name: str) -> None:
        notify(db, live_school.org, student, name)
        db.execute("select feed.send_to_person(%s, %s, 'hello', '{}')", (live_school.org, student))

    both("Missed")
    path = f"{STUDENT}?events=hello,grade&cursor={start}"
    with opened(live_school, student, "student", path) as stream:
        both("Live")
        both("Live")
        assert [(stream.message() or {})["type"] for _ in range(3)] == ["hello"] * 3


@pytest.mark.parametrize(
    "cursor", ["nonsense", "%00", "0123456789ab.5:5:", "{epoch}.99999999:99999999:", "{epoch}.3:3:"]
)
def test_a_cursor_that_cannot_be_honoured_is_answered_with_the_document(
    live_school: School, db: Session, student: UUID, cursor: str
) -> None:
    document = live_school.get("/api/v1/student/dashboard", student, "student")
    epoch = document.headers["x-feed-cursor"].partition(".")[0]
    if "3:3" in cursor:
        db.execute("update feed.dropped set txid = '100'::xid8")
    given = cursor.format(epoch=epoch)
    with opened(live_school, student, "student", f"{STUDENT}?cursor={given}") as stream:
        notify(db, live_school.org, student, "And on it goes")
        reset = stream.message()
        assert reset is not None
        assert set(reset) == {"type", "data"}
        assert reset["type"] == "reset"
        assert set(reset["data"]) == set(document.json()) | {"version"}
        assert reset["data"]["quick_stats"] == document.json()["quick_stats"]
        assert titles(stream, 1) == ["And on it goes"]


@pytest.mark.parametrize(
    ("role", "place", "read"),
    [("parent", "parent", ""), ("director", "director", "/summary"), ("admin", "director", "/summary")],
)
def test_the_document_is_that_of_the_role(
    live_school: School, db: Session, role: str, place: str, read: str
) -> None:
    person = facts.make_person(db, live_school.org, role)
    if role == "parent":
        facts.make_guardian(db, live_school.org, person, live_school.ada)
    document = f"/api/v1/{place}/dashboard"
    for path in (f"{document}/stream", ANY):
        with opened(live_school, person, role, path + "?cursor=old") as stream:
            told = stream.message()
        rest = live_school.get(document + read, person, role).json()
        assert told == {"type": "reset", "data": rest | {"version": 1}}


@pytest.mark.parametrize("role", ["mentor", "analyst"])
def test_a_role_without_a_dashboard_gets_no_document(live_school: School, db: Session, role: str) -> None:
    person = facts.make_person(db, live_school.org, role)
    with opened(live_school, person, role, ANY + "?cursor=old") as stream:
        assert stream.message() == {"type": "reset", "data": None}


def test_a_stream_ends_with_its_token(live_school: School, student: UUID) -> None:
    short = token(student, live_school.org, "student", exp=int(time.time()) + 6)
    with sse(live_school.client.base_url, STUDENT, short) as stream:
        assert stream.message() == {"type": "expired"}
        assert stream.block() is None, "and the stream is over"
    assert live_school.client.get(STUDENT, headers=bearer(short)).status_code == 401


def test_a_browser_sends_its_token_in_the_query(live_school: School, student: UUID) -> None:
    value = token(student, live_school.org, "student")
    with live_school.client.stream("GET", STUDENT, params={"token": value}) as answer:
        assert answer.status_code == 200
    refused = live_school.client.get("/api/v1/student/dashboard", params={"token": value})
    assert refused.status_code == 401, "of a stream alone"


def test_a_person_has_so_many_streams_and_no_more(live_school: School, student: UUID) -> None:
    with opened(live_school, student, "student"), opened(live_school, student, "student", ANY):
        with opened(live_school, student, "student"):
            refused = live_school.get(STUDENT, student, "student")
            assert (refused.status_code, refused.json()["code"]) == (429, "HR429")
            detail = "You have 3 streams open, as many as one may have (STREAMS_PER_PERSON)."
            assert refused.json()["detail"] == detail
            with opened(live_school, live_school.cleo, "student"):
                pass
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_until_let_in, live_school, student).result(PATIENCE)


def _until_let_in(school: School, student: UUID) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with opened(school, student, "student"):
                return True
        except AssertionError as error:
            assert "HR429" in str(error)
        time.sleep(0.1)  # an hour has room for 600 questions
    return False


def test_head_answers_and_does_not_stay(live_school: School, student: UUID) -> None:
    answer = live_school.client.head(STUDENT, headers=bearer(token(student, live_school.org, "student")))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
