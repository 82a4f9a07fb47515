"""feed.send_to_person, feed.send_to_group, api.feed_post: events of one's own making."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import feed
from tests.support.feed import Connection, World, value
from tests.support.servers import Database

ADMINS = {"to": {"group": "role:admin"}}


def post(api: Connection, who: str, event: Any) -> Any:
    return value(api, "select api.feed_post(%s, %s)", who, json.dumps(event))


def test_own_events_reach_whom_they_are_for(db: Connection, api: Connection, world: World) -> None:
    since = feed.cursor(api)
    admin = feed.claims(world.org, world.admin, "admin")
    data = {"text": "Ünï"}
    sent = [
        post(api, admin, {"to": to, "type": kind, "data": data})["event_id"]
        for kind, to in (
            ("alerts", {"person": str(world.student)}),
            ("bell", {"group": "role:teacher"}),
            ("trip", {"group": f"course:{world.course}"}),
        )
    ]
    heard = {}
    for person, role in ((world.student, "student"), (world.teacher, "teacher"), (world.admin, "admin")):
        events = feed.replay(api, feed.claims(world.org, person, role), since)["events"]
        heard[role] = [event["kind"] for event in events]
        assert all(event["data"]["text"] == "Ünï" and event["data"]["timestamp"] for event in events)
    assert heard == {"student": ["alerts", "trip"], "teacher": ["bell", "trip"], "admin": ["bell", "trip"]}
    assert [event["id"] for event in feed.events(api, since)] == sent


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ([], "event"),
        ({}, "to"),
        ({"to": {}}, "to"),
        ({"to": "x"}, "to"),
        ({"to": {"person": "x", "group": "y"}}, "to"),
        ({"to": {"person": "x"}, "type": "n"}, "to.person"),
        ({"to": {"person": None}, "type": "n"}, "to.person"),
        ({"to": {"group": 7}, "type": "n"}, "to.group"),
        ({"to": {"group": "all"}, "type": "n"}, "to.group"),
        ({"to": {"group": "role:owner"}, "type": "n"}, "to.group"),
        ({"to": {"group": "course:x"}, "type": "n"}, "to.group"),
        ({"to": {"group": f"student:{UUID(int=1)}"}, "type": "n"}, "to.group"),
        ({"to": {"group": "admin"}, "type": "n"}, "to.group"),
        (ADMINS, "type"),
        (ADMINS | {"type": 3}, "type"),
        (ADMINS | {"type": "grade"}, "type"),
        (ADMINS | {"type": "rights"}, "type"),
        (ADMINS | {"type": "A b"}, "type"),
        (ADMINS | {"type": "reset"}, "type"),
        (ADMINS | {"type": "n", "data": []}, "data"),
        (ADMINS | {"type": "n", "data": None}, "data"),
        (ADMINS | {"type": "n", "data": {"x": "y" * 20_000}}, "data"),
        (ADMINS | {"type": "n", "data": {"type": "forged"}}, "data"),
        (ADMINS | {"type": "n", "data": {"event_id": 0}}, "data"),
        (ADMINS | {"type": "n", "data": {"timestamp": "yesterday"}}, "data"),
        (ADMINS | {"type": "n" * 51}, "type"),
        (ADMINS | {"type": "n", "org": 1}, "org"),
    ],
)
def test_a_bad_field_is_named(db: Connection, api: Connection, world: World, event: Any, field: str) -> None:
    since = feed.cursor(api)
    with pytest.raises(psycopg.Error) as error:
        post(api, feed.claims(world.org, world.admin, "admin"), event)
    assert (error.value.sqlstate, error.value.diag.message_detail) == ("HR422", field)
    assert feed.events(api, since) == []


def test_nobody_sends_to_strangers_or_as_another(
    database: Database, db: Connection, api: Connection, world: World
) -> None:
    stranger = World(db)
    since = feed.cursor(api)

    def refused(who: str, person: UUID, *to_group: str) -> str | None:
        to = {"group": to_group[0]} if to_group else {"person": str(person)}
        with pytest.raises(psycopg.Error) as error:
            post(api, who, {"to": to, "type": "n"})
        return error.value.sqlstate

    admin = feed.claims(world.org, world.admin, "admin")
    assert refused(admin, stranger.student) == "HR404"
    assert refused(admin, stranger.student, f"course:{stranger.course}") == "HR404"
    assert refused(feed.claims(world.org, world.teacher, "teacher"), world.student) == "HR403"
    assert refused(feed.claims(world.org, world.teacher, "admin"), world.student) == "HR403"
    with database.connect("homeroom_api") as session:
        session.execute("select auth.enter(%s, 'admin')", (admin,))
        session.execute("begin")
        session.execute("select auth.enter(%s, 'admin')", (admin,))
        with pytest.raises(psycopg.Error) as error:
            session.execute("select feed.send_to_group(%s, 'role:admin', 'n', '{}')", (stranger.org,))
        assert error.value.sqlstate == "HR403"
    assert feed.events(api, since) == []


@pytest.mark.parametrize("container", ["[]", "{}"])
def test_data_is_not_nested_too_deep(db: Connection, world: World, container: str) -> None:
    """Who reads it recurses, and one who cannot would stop reading for everybody."""
    begin, end = ("[", "]") if container == "[]" else ('{"a":', "}")

    def send(levels: int) -> Any:
        data = '{"a":' + begin * (levels - 1) + ("1" if begin != "[" else "") + end * (levels - 1) + "}"
        return value(db, "select feed.send_to_person(%s, %s, 'n', %s)", world.org, world.student, data)

    assert send(32)
    for levels in (33, 1000):
        with pytest.raises(psycopg.Error) as error:
            send(levels)
        assert (error.value.sqlstate, error.value.diag.message_detail) == ("HR422", "data")


def test_a_text_with_nul_is_refused_in_words(api: Connection, world: World) -> None:
    with pytest.raises(psycopg.Error) as error:
        post(api, feed.claims(world.org, world.admin, "admin"), ADMINS | {"type": "n", "data": {"a": "\0"}})
    assert (error.value.sqlstate, error.value.diag.message_detail) == ("HR422", "data")


@pytest.mark.parametrize("kind", ["open", "message", "error", "null"])
def test_names_that_clients_take_for_something_else_are_taken(
    db: Connection, world: World, kind: str
) -> None:
    with pytest.raises(psycopg.Error) as error:
        value(db, "select feed.send_to_person(%s, %s, %s, '{}')", world.org, world.student, kind)
    assert (error.value.sqlstate, error.value.diag.message_detail) == ("HR422", "type")
