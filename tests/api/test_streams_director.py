"""What directors and admins hear of their cohorts: alerts, and what is new on the summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from websockets.sync.client import ClientConnection

from tests.api.live import value
from tests.api.support import School, token
from tests.support import feed
from tests.support import school as facts
from tests.support.alerts import Watched
from tests.support.feed import Connection
from tests.support.patches import Followed
from tests.support.streams import Sse, received, socket, sse

ANY = "/dashboard/stream"
DIRECTOR = "/api/v1/director/dashboard/stream"
ALERTS = "/api/v1/director/dashboard/alerts"
MARK = "select feed.send_to_person(%s, %s, 'alerts', jsonb_build_object('n', %s::text))"


@pytest.fixture
def db(live_school: School) -> Iterator[Connection]:
    with live_school.database.connect() as connection:
        connection.execute("update ops.setting set value = 0 where name = 'director_debounce'")
        yield connection


@pytest.fixture
def cohort(live_school: School, db: Connection) -> Watched:
    """A cohort of this test, judged and refreshed."""
    found = Watched(db, live_school.org)
    work(db)
    return found


def work(db: Connection) -> None:
    """Do what the worker does, until there is nothing left to do."""
    while feed.value(db, "select board.drain_queue()"):
        pass


def opened(stack: ExitStack, school: School, person: UUID, role: str, path: str = DIRECTOR) -> Sse:
    return stack.enter_context(sse(school.client.base_url, path, value(school, person, role)))


def followed(stack: ExitStack, school: School, person: UUID, path: str, role: str) -> ClientConnection:
    return stack.enter_context(socket(school.client.base_url, path, value(school, person, role)))


def marked(school: School, db: Connection, person: UUID, stream: Sse | ClientConnection) -> list[Any]:
    """What the person's stream or socket said until now."""
    db.execute(MARK, (school.org, person, "now"))
    found: list[Any] = []
    while True:
        message = stream.message() if isinstance(stream, Sse) else received(stream)
        assert message is not None, found
        if message.get("n", message.get("data", {}).get("n") if "data" in message else None) == "now":
            return found
        found.append(message)


def told(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was said of alerts: what happened, and to which."""
    said = [message.get("data", message) for message in messages if message["type"] == "alerts"]
    return [(one["what"], one["name"]) for one in said]


def summary(school: School, person: UUID, role: str = "director") -> dict[str, Any]:
    """The summary as it is read."""
    with school.database.connect("homeroom_api") as api:
        text = feed.value(api, "select api.dashboard_snapshot(%s)", feed.claims(school.org, person, role))
    found: dict[str, Any] = json.loads(text)
    return found


# --- Alerts


def test_alerts_reach_the_director_and_the_admins_and_nobody_else(
    live_school: School, cohort: Watched, db: Connection
) -> None:
    org = live_school.org
    stranger = Watched(db, org)
    student = cohort.students[0]
    people = [
        (cohort.director, "director", DIRECTOR),
        (cohort.director, "director", f"{ANY}?events=alerts"),
        (live_school.admin, "admin", DIRECTOR),
        (stranger.director, "director", DIRECTOR),
        (cohort.mentor, "mentor", ANY),
        (student, "student", ANY),
        (live_school.teacher, "teacher", ANY),
    ]
    with ExitStack() as stack:
        streams = [(person, opened(stack, live_school, person, role, path)) for person, role, path in people]
        sockets = [
            (person, followed(stack, live_school, person, path, role))
            for person, role, path in [
                (cohort.director, "director", f"/dashboard/ws/{cohort.director}"),
                (live_school.admin, "admin", f"/dashboard/ws/{live_school.admin}"),
                (live_school.admin, "admin", "/ws/dashboard/?events=alerts"),
                (stranger.director, "director", f"/dashboard/ws/{stranger.director}"),
                (cohort.mentor, "mentor", f"/dashboard/ws/{cohort.mentor}"),
            ]
        ]
        abroad = token(live_school.other_admin, live_school.other_org, "admin")
        foreign = stack.enter_context(sse(live_school.client.base_url, DIRECTOR, abroad))
        assert received(sockets[2][1])["type"] == "welcome"

        cohort.ready(40)
        work(db)
        (alert,) = cohort.alerts("id")
        answer = live_school.post(f"{ALERTS}/{alert}/acknowledge", cohort.director, "director", {})
        assert answer.status_code == 200
        db.execute("update school.cohort set status = 'closed' where id = %s", (cohort.cohort,))
        work(db)

        everything = [(what, "below_readiness") for what in ("opened", "acknowledged", "closed")]
        heard = [told(marked(live_school, db, person, stream)) for person, stream in streams]
        heard += [told(marked(live_school, db, person, connection)) for person, connection in sockets]
        hearing = [everything] * 3 + [[]] * 4 + [everything] * 3 + [[]] * 2
        assert heard == hearing
        db.execute(MARK, (live_school.other_org, live_school.other_admin, "now"))
        assert (foreign.message() or {}).get("n") == "now"


def test_an_alert_says_what_is_wrong(live_school: School, cohort: Watched, db: Connection) -> None:
    with ExitStack() as stack:
        stream = opened(stack, live_school, cohort.director, "director", f"{ANY}?events=alerts")
        connection = followed(
            stack, live_school, cohort.director, f"/dashboard/ws/{cohort.director}", "director"
        )
        cohort.ready(40)
        cohort.evaluate()
        message, wrapped = stream.message(), received(connection)
        assert message is not None
        (alert, at) = cohort.alerts("id", "board.utc(opened_at)")[0]
        data = {
            "what": "opened",
            "alert_id": str(alert),
            "cohort_id": str(cohort.cohort),
            "cohort_name": "fall",
            "name": "below_readiness",
            "severity": "warning",
            "metric": "readiness",
            "comparison": "below",
            "threshold": 50,
            "value": 40,
            "opened_at": at,
            "because": None,
            "acknowledged_by": None,
            "timestamp": at,
        }
        event = message.pop("event_id")
        assert message == {"type": "alerts", **data}
        assert (wrapped["type"], wrapped["event_id"], wrapped["data"]) == ("alerts", event, data)


def test_who_directs_no_more_hears_no_more_and_the_new_one_does(
    live_school: School, cohort: Watched, db: Connection
) -> None:
    new = facts.make_person(db, live_school.org, "director")
    with ExitStack() as stack:
        old_stream, new_stream = (
            opened(stack, live_school, person, "director") for person in (cohort.director, new)
        )
        assert (old_stream.snapshot or {})["active_cohorts_count"] == 1
        assert (new_stream.snapshot or {})["active_cohorts_count"] == 0
        with db.transaction():  # the same batch: the right ends before the event is delivered
            db.execute("update school.track set director_id = %s where id = %s", (new, cohort.track))
            cohort.ready(40)
            cohort.evaluate()
        db.execute("update school.cohort set seats_paid = 1 where id = %s", (cohort.cohort,))
        work(db)
        before = marked(live_school, db, cohort.director, old_stream)
        after = marked(live_school, db, new, new_stream)
        assert told(before) == []
        assert told(after) == [("opened", "below_readiness"), ("opened", "over_capacity")]
        assert str(cohort.cohort) not in json.dumps(before)
        for stream, messages, person in [(old_stream, before, cohort.director), (new_stream, after, new)]:
            shown = _replayed(stream, messages)
            assert shown == _document(summary(live_school, person))
        assert _document(summary(live_school, cohort.director))["active_cohorts_count"] == 0


def test_what_was_missed_of_what_one_directs_no_more_is_not_replayed(
    live_school: School, cohort: Watched, db: Connection
) -> None:
    with ExitStack() as stack:
        seen = opened(stack, live_school, cohort.director, "director").last_id
    cohort.ready(40)
    work(db)
    with ExitStack() as stack:
        stream = opened(stack, live_school, cohort.director, "director", f"{DIRECTOR}?cursor={seen}")
        assert told(marked(live_school, db, cohort.director, stream)) == [("opened", "below_readiness")]
    db.execute("update school.track set director_id = null where id = %s", (cohort.track,))
    with ExitStack() as stack:
        stream = opened(stack, live_school, cohort.director, "director", f"{DIRECTOR}?cursor={seen}")
        messages = marked(live_school, db, cohort.director, stream)
        assert told(messages) == []
        assert str(cohort.cohort) not in json.dumps(messages)


# --- The summary


def _document(said: dict[str, Any]) -> dict[str, Any]:
    """A summary without when it was computed."""
    return {name: part for name, part in said.items() if name not in ("version", "cache_updated_at")}


def _replayed(stream: Sse, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The summary as a client has it who did all that these messages say."""
    client = Followed()
    for message in [stream.snapshot, *messages]:
        assert message is not None
        client.take(message)
    assert client.document is not None
    return _document(client.document)


def test_the_stream_begins_with_the_summary_and_goes_on_with_patches(
    live_school: School, cohort: Watched, db: Connection
) -> None:
    with ExitStack() as stack:
        stream = opened(stack, live_school, cohort.director, "director")
        said = stream.snapshot
        assert said is not None
        assert said.pop("type") == "snapshot"
        assert said == summary(live_school, cohort.director)
        db.execute("update school.cohort set seats_paid = 4 where id = %s", (cohort.cohort,))
        work(db)
        message = stream.message()
        assert message is not None
        assert message.pop("event_id") and message.pop("timestamp")
        assert message == {
            "type": "update", "version": said["version"] + 1, "total_seats": 4, "seat_utilization": 50,
        }  # fmt: skip


def test_snapshot_and_patches_are_the_summary(live_school: School, cohort: Watched, db: Connection) -> None:
    """Whatever happens to the cohorts, for their directors and the admin."""
    org, other = live_school.org, Watched(db, live_school.org)
    work(db)
    alert = "select id from board.alert where org_id = %s and cohort_id = %s and status = 'open'"
    happenings: list[tuple[str, tuple[Any, ...]]] = [
        (
            "insert into school.payment (org_id, cohort_id, amount, status, due_on, paid_on) "
            "select %s, %s, 99.5, 'paid', k.today, k.today from board.clock(%s) as k",
            (org, cohort.cohort, org),
        ),
        (  # a student is transferred
            "update school.cohort_member set cohort_id = %s where cohort_id = %s and student_id = %s",
            (other.cohort, cohort.cohort, cohort.students[0]),
        ),
        ("delete from school.cohort_mentor where cohort_id = %s", (cohort.cohort,)),
        ("update school.cohort set seats_paid = 1 where id = %s", (other.cohort,)),
        ("update school.cohort set status = 'closed' where id = %s", (cohort.cohort,)),
        (  # a refund after closing
            "insert into school.refund (org_id, payment_id, cohort_id, amount, refunded_on) "
            "select p.org_id, p.id, p.cohort_id, 9.5, p.paid_on from school.payment as p "
            "where p.cohort_id = %s",
            (cohort.cohort,),
        ),
        ("update school.track set director_id = %s where id = %s", (other.director, cohort.track)),
        ("update school.cohort set status = 'active' where id = %s", (cohort.cohort,)),
        ("delete from school.cohort where id = %s", (cohort.cohort,)),
        ("update school.program set is_active = false where id = %s", (cohort.program,)),
    ]
    with ExitStack() as stack:
        people = [(cohort.director, "director"), (other.director, "director"), (live_school.admin, "admin")]
        streams = [(person, role, opened(stack, live_school, person, role)) for person, role in people]
        clients = [Followed() for _ in people]
        for client, (_, _, stream) in zip(clients, streams, strict=True):
            client.take(stream.snapshot or {})
        for statement, arguments in happenings:
            db.execute(statement.encode(), arguments)
            work(db)
            for (found,) in db.execute(alert, (org, other.cohort)).fetchall():
                live_school.post(f"{ALERTS}/{found}/acknowledge", other.director, "director", {})
            work(db)
            for client, (person, role, stream) in zip(clients, streams, strict=True):
                for message in marked(live_school, db, person, stream):
                    client.take(message)
                assert client.document is not None
                assert _document(client.document) == _document(summary(live_school, person, role)), statement
        assert all(client.count["update"] for client in clients), [client.count for client in clients]
        assert not any(client.count["reset"] for client in clients)


def test_a_reset_brings_the_summary(live_school: School, cohort: Watched) -> None:
    with ExitStack() as stack:
        for person, role in [(cohort.director, "director"), (live_school.admin, "admin")]:
            reset = opened(stack, live_school, person, role, f"{DIRECTOR}?cursor=old").message()
            assert reset is not None and reset["type"] == "reset"
            assert _document(reset["data"]) == _document(summary(live_school, person, role))


def test_others_have_no_such_stream(live_school: School, cohort: Watched) -> None:
    for person, role in [(cohort.mentor, "mentor"), (cohort.students[0], "student")]:
        answer = live_school.get(DIRECTOR, person, role)
        assert answer.status_code == 403
        assert "director or admin" in answer.json()["detail"]
