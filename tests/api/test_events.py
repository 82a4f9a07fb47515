"""POST /api/v1/events: what is refused, in words that say what is wanted."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.patterns import TYPE, TYPES, WANTED
from tests.api.support import School, bearer, token

EVENTS = "/api/v1/events"
ADMINS = {"group": "role:admin"}
A_TYPE = "up to 50 lowercase letters, digits and _, the first a letter"


def errors(answer: Any) -> list[tuple[str, str]]:
    """What is wrong with which fields."""
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["message"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("name", ["type", "event_id", "timestamp"])
def test_what_every_message_has_is_taken(school: School, name: str) -> None:
    body = {"to": ADMINS, "type": "bell", "data": {"text": "x", name: "x"}}
    answer = school.post(EVENTS, school.admin, "admin", body)
    assert errors(answer) == [("data", "type, event_id and timestamp are taken")]
    with school.database.connect() as db, pytest.raises(psycopg.Error) as error:
        db.execute("select feed.send_to_person(%s, %s, 'n', '{\"type\": 1}')", (school.org, school.ada))
    assert error.value.diag.message_primary == "type, event_id and timestamp are taken"


@pytest.mark.parametrize("data", [[1], None, "x", 7], ids=str)
def test_data_that_is_no_object_is_named(school: School, data: Any) -> None:
    answer = school.post(EVENTS, school.admin, "admin", {"to": ADMINS, "type": "bell", "data": data})
    ((field, message),) = errors(answer)
    assert field == "data"
    assert message.startswith("Expected `object`, got ")


@pytest.mark.parametrize("body", [[], None, "x", 7], ids=str)
def test_a_body_that_is_no_object_is_the_body(school: School, body: Any) -> None:
    headers = bearer(token(school.admin, school.org, "admin")) | {"Content-Type": "application/json"}
    content = "null" if body is None else str(body).replace("x", '"x"')
    answer = school.client.post(EVENTS, headers=headers, content=content)
    assert errors(answer) == [("body", "a JSON object is required")]


@pytest.mark.parametrize("type", ["A b", "", "9", "n" * 51, "ü"])
def test_what_a_type_is_it_says(school: School, type: str) -> None:
    answer = school.post(EVENTS, school.admin, "admin", {"to": ADMINS, "type": type, "data": {}})
    assert errors(answer) == [("type", f"a type has {A_TYPE}")]


def test_the_longest_type_is_sent(school: School) -> None:
    for type, status in (("n" * 50, 202), ("n" * 51, 422)):
        answer = school.post(EVENTS, school.admin, "admin", {"to": ADMINS, "type": type, "data": {}})
        assert answer.status_code == status
        with school.database.connect() as db:
            send = "select feed.send_to_person(%s, %s, %s, '{}') > 0"
            if status == 202:
                assert db.execute(send, (school.org, school.ada, type)).fetchone() == (True,)
            else:
                with pytest.raises(psycopg.Error, match=f"a type has {A_TYPE}"):
                    db.execute(send, (school.org, school.ada, type))


@pytest.mark.parametrize("events", ["Grade", "grade,", "grade, alerts", "", "n" * 51])
def test_which_events_can_be_asked_for_it_says(school: School, events: str) -> None:
    answer = school.get("/dashboard/stream", school.ada, "student", events=events)
    assert errors(answer) == [
        ("events", f"up to 20 types, separated by commas without spaces; a type has {A_TYPE}")
    ]


def test_which_roles_there_are_it_says(school: School) -> None:
    body = {"to": {"group": "role:pupil"}, "type": "bell", "data": {}}
    ((field, message),) = errors(school.post(EVENTS, school.admin, "admin", body))
    assert field == "to.group"
    assert message == "a role is student, parent, teacher, tutor, mentor, director, analyst, admin, service"


def test_other_patterns_are_said_in_words(school: School) -> None:
    body = {"action": "portfolio_item_added", "title": "x", "url": "ftp://example.org"}
    answer = school.post("/api/v1/student/dashboard/action", school.ada, "student", body)
    assert errors(answer) == [("url", "a URL that begins with http:// or https://")]
    answer = school.get("/api/v1/admin/students/performance", school.admin, "admin", cursor="!")
    assert errors(answer) == [("cursor", "this is no cursor: the `next_cursor` of the page before is one")]


def test_a_type_has_the_same_length_in_all_patterns(school: School) -> None:
    assert set(re.findall(r"\{0,(\d+)\}", TYPE)) == {"49"} < set(re.findall(r"\{0,(\d+)\}", TYPES))
    document = school.client.get("/schema/openapi.json").json()
    assert document["components"]["schemas"]["EventRequest"]["properties"]["type"]["pattern"] == TYPE
    assert {TYPE, TYPES} <= set(WANTED)


@pytest.mark.parametrize("to", [{"person": str(UUID(int=1))}, {"group": f"course:{UUID(int=1)}"}], ids=str)
def test_who_is_not_there_is_named(school: School, to: dict[str, str]) -> None:
    answer = school.post(EVENTS, school.admin, "admin", {"to": to, "type": "bell", "data": {}})
    assert answer.status_code == 404
    assert [error["field"] for error in answer.json()["errors"]] == [f"to.{next(iter(to))}"]
