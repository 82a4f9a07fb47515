"""Bodies of actions: what is refused, by name; what comes through as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.api.student import ACTION, World, body_of, refusal, taken
from tests.api.support import School, bearer, token

ID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": None}, "action"),
        ({"action": 7}, "action"),
        ({"action": "school_burnt_down"}, "action"),
        ({"mission_id": ID}, "action"),
        ({"action": "mission_started"}, "mission_id"),
        ({"action": "mission_submitted"}, "mission_id"),
        ({"action": "habit_logged"}, "habit_id"),
        ({"action": "goal_created"}, "title"),
        ({"action": "goal_completed"}, "goal_id"),
        ({"action": "portfolio_item_added", "title": "x"}, "url"),
        ({"action": "portfolio_item_added", "url": "https://x"}, "title"),
        ({"action": "notification_read"}, "notification_id"),
        ({"action": "nudge_dismissed"}, "nudge_id"),
        ({"action": "session_joined"}, "session_id"),
        ({"action": "quiz_started"}, "quiz_id"),
        ({"action": "assignment_submitted"}, "assignment_id"),
        ({"action": "mission_started", "mission_id": "1"}, "mission_id"),
        ({"action": "mission_started", "mission_id": None}, "mission_id"),
        ({"action": "mission_started", "mission_id": ID, "student_id": ID}, "student_id"),
        ({"action": "mission_started", "mission_id": ID, "url": "https://x"}, "url"),
        (
            {"action": "mission_started", "mission_id": ID, "estimated_completion": "soon"},
            "estimated_completion",
        ),
        (
            {"action": "mission_started", "mission_id": ID, "estimated_completion": "2026-01-01T00:00:00"},
            "estimated_completion",
        ),
        ({"action": "mission_submitted", "mission_id": ID, "url": "javascript:alert(1)"}, "url"),
        ({"action": "mission_submitted", "mission_id": ID, "url": "https://" + "x" * 493}, "url"),
        ({"action": "mission_submitted", "mission_id": ID, "url": "https://x\0"}, "url"),
        ({"action": "habit_logged", "habit_id": ID, "on": "2026-02-30"}, "on"),
        ({"action": "habit_logged", "habit_id": ID, "on": "infinity"}, "on"),
        ({"action": "goal_created", "title": ""}, "title"),
        ({"action": "goal_created", "title": "x" * 501}, "title"),
        ({"action": "goal_created", "title": "a\0b"}, "title"),
        ({"action": "goal_created", "title": 5}, "title"),
        ({"action": "goal_created", "title": "x", "due_on": "tomorrow"}, "due_on"),
    ],
    ids=lambda value: str(value).replace(ID, "ID")[:90],
)
def test_a_wrong_body_is_refused_by_name(school: School, body: Any, field: str) -> None:
    refusal(school.post(ACTION, school.ada, "student", body), 422, field)


@pytest.mark.parametrize("body", [[], None, "x", 5, [{"action": "goal_created", "title": "x"}]], ids=str)
def test_a_body_that_is_no_object_is_refused(school: School, body: Any) -> None:
    headers = bearer(token(school.ada, school.org, "student"))
    answer = school.client.post(ACTION, headers=headers, content=msgspec.json.encode(body))
    assert answer.status_code in (415, 422), answer.text
    answer = school.post(ACTION, school.ada, "student", body)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("content", "kind", "statuses"),
    [
        (b"", "application/json", {400, 422}),
        (b"{", "application/json", {400}),
        (b'{"action": "goal_created", "title": "\xff"}', "application/json", {400}),
        (b'{"action": "goal_created", "title": "\\ud800"}', "application/json", {400}),
        (b'{"action": "goal_created", "title": "x"}', "text/plain", {415}),
        (b"action=goal_created&title=x", "application/x-www-form-urlencoded", {415}),
        (b'{"action": "goal_created", "title": "' + b"a" * 20_000_000 + b'"}', "application/json", {413}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_body_that_is_none_is_refused(
    school: School, content: bytes, kind: str, statuses: set[int]
) -> None:
    headers = bearer(token(school.ada, school.org, "student")) | {"Content-Type": kind}
    answer = school.client.post(ACTION, headers=headers, content=content)
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_refused_bodies_wrote_nothing(school: School) -> None:
    with school.database.connect() as db:
        rows = db.execute(
            "select (select count(*) from school.goal), (select count(*) from ops.action_receipt)"
        )
        assert rows.fetchall() == [(0, 0)]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_times_at_the_ends_of_the_calendar_break_no_document(world: World, moment: str) -> None:
    answer = world.act(body_of("mission_started", world.ada) | {"estimated_completion": moment})
    assert answer.status_code in (202, 422), answer.text
    world.read()


def test_other_texts_come_through_as_they_are(world: World) -> None:
    title = """'); drop table school.goal; -- "\\ <b>ü</b> 🎓 \u202e \n"""
    taken(world.act({"action": "goal_created", "title": title}), "goal_created")
    assert (title,) in world.db.execute("select title from school.goal").fetchall()
