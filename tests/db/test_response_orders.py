"""What processes are told to do with the answers that they keep: who may order it, who hears of it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support import dashboards, feed, school
from tests.support.feed import Connection, World, value
from tests.support.kept import Kept
from tests.support.servers import Database

INVALIDATE, WARM = "select api.cache_invalidate(%s, %s, %s)", "select api.cache_warm(%s)"
ROLES = ("student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "service")


def orders(kept: Kept) -> list[dict[str, Any]]:
    """What a process is told since it asked last."""
    kept.catch_up()
    found: list[dict[str, Any]] = kept.told["orders"]
    return found


@pytest.mark.parametrize("pattern", [None, "/api/v1/student/*", "/*", "/", "/dashboard/*/x-y_z.~", "/" * 200])
def test_every_process_hears_an_order_once(
    database: Database, api: Connection, world: World, pattern: str | None
) -> None:
    admin = feed.claims(world.org, world.admin, "admin")
    with database.connect("homeroom_api") as second:
        processes = [Kept(api, []), Kept(second, [])]
        assert [orders(process) for process in processes] == [[], []]
        for person in (None, world.student):
            said = {"order": "invalidate", "pattern": pattern, "person": person and str(person)}
            assert value(api, INVALIDATE, admin, pattern, person) == said
            assert [orders(process) for process in processes] == [[{"org": world.org, **said}]] * 2
        assert value(api, WARM, admin) == {"order": "warm"}
        assert [orders(process) for process in processes] == [[{"org": world.org, "order": "warm"}]] * 2
        assert [orders(process) for process in processes] == [[], []]


@pytest.mark.parametrize(
    ("pattern", "person", "error", "named"),
    [
        ("", None, "HR422", "pattern"),
        ("api/*", None, "HR422", "pattern"),
        ("*", None, "HR422", "pattern"),
        ("/api?x", None, "HR422", "pattern"),
        ("/a b", None, "HR422", "pattern"),
        ("/a\n", None, "HR422", "pattern"),
        ("/ä", None, "HR422", "pattern"),
        ("/" * 201, None, "HR422", "pattern"),
        (None, uuid4(), "HR404", "person"),
    ],
)
def test_what_cannot_be_ordered(
    api: Connection, world: World, pattern: str | None, person: UUID | None, error: str, named: str
) -> None:
    process = Kept(api, [])
    orders(process)
    with pytest.raises(psycopg.Error) as refused:
        value(api, INVALIDATE, feed.claims(world.org, world.admin, "admin"), pattern, person)
    assert (refused.value.sqlstate, refused.value.diag.message_detail) == (error, named)
    assert orders(process) == []


def test_a_person_of_another_school_is_not_there(db: Connection, api: Connection, world: World) -> None:
    other = World(db)
    with pytest.raises(psycopg.Error) as refused:
        value(api, INVALIDATE, feed.claims(world.org, world.admin, "admin"), None, other.student)
    assert refused.value.sqlstate == "HR404"
    other_admin = feed.claims(other.org, other.admin, "admin")
    assert value(api, INVALIDATE, other_admin, None, other.student)["person"] == str(other.student)


@pytest.mark.parametrize("role", ROLES)
def test_only_admins_order(db: Connection, api: Connection, world: World, role: str) -> None:
    claims = feed.claims(world.org, school.make_person(db, world.org, role), role)
    for query, arguments in ((INVALIDATE, (None, None)), (WARM, ())):
        with pytest.raises(psycopg.Error) as refused:
            value(api, query, claims, *arguments)
        assert refused.value.sqlstate == "HR403"


def test_nobody_else_hears_of_it(db: Connection, api: Connection, world: World) -> None:
    """Neither orders nor tags are among the events, for the reader of the feed or for who follows it."""
    admin = feed.claims(world.org, world.admin, "admin")
    since = feed.cursor(api)
    value(api, INVALIDATE, admin, None, None)
    value(api, WARM, admin)
    join_a_cohort(db, world)
    assert value(db, "select board.refresh_leaderboard(%s)", world.org) == 1
    kinds = {"stale": 1, "order": 2}
    query = "select kind, count(*) from feed.event where kind = any (%s) group by kind"
    assert dict(db.execute(query, (list(kinds),)).fetchall()) == kinds
    heard = {event["kind"] for event in feed.events(api, since)}
    assert not heard & kinds.keys()
    for person, role in ((world.student, "student"), (world.teacher, "teacher"), (world.admin, "admin")):
        who = feed.claims(world.org, person, role)
        for wanted in (["*"], ["order", "stale"], None):
            replayed = feed.replay(api, who, since, wanted)
            assert not replayed["reset"]
            assert not {event["kind"] for event in replayed["events"]} & kinds.keys()


def join_a_cohort(db: Connection, world: World) -> None:
    """Put the student where there is a place to be told."""
    program = dashboards.add(db, world.org, "program", name="p")
    track = dashboards.add(db, world.org, "track", program_id=program, name="t")
    days = {"starts_on": "2024-01-01", "ends_on": "2034-01-01", "status": "active"}
    cohort = dashboards.add(db, world.org, "cohort", track_id=track, name="c", **days)
    dashboards.add(db, world.org, "cohort_member", cohort_id=cohort, student_id=world.student)


@pytest.mark.parametrize("kind", ["stale", "order"])
def test_their_kinds_are_taken(api: Connection, world: World, kind: str) -> None:
    admin = feed.claims(world.org, world.admin, "admin")
    with pytest.raises(psycopg.Error) as refused:
        value(
            api, "select api.feed_post(%s, %s)", admin,
            json.dumps({"to": {"person": str(world.student)}, "type": kind}),
        )  # fmt: skip
    assert (refused.value.sqlstate, refused.value.diag.message_detail) == ("HR422", "type")


def test_a_job_warms_every_five_minutes(db: Connection) -> None:
    assert value(db, "select every = interval '5 minutes' from ops.job where name = 'warm responses'")


def test_who_is_about_is_warmed(db: Connection, api: Connection, world: World) -> None:
    def active(orgs: list[int] | None, most: int = 10) -> list[tuple[str, str]]:
        return [
            (who["sub"], who["role"]) for who in value(api, "select api.cache_active(%s, %s)", orgs, most)
        ]

    process = Kept(api, [])
    orders(process)
    assert active(None) == []
    assert value(db, "select feed.warm_responses(%s)", world.org) is False

    # The student reads; the teacher has a stream; the admin has one that ended a while ago.
    who = feed.claims(world.org, world.student, "student")
    value(api, "select (api.student_dashboard(%s, true, true)).document", who)
    value(api, "select api.feed_present(%s)", json.dumps([
        {"org": world.org, "person": str(person), "role": role}
        for person, role in ((world.teacher, "teacher"), (world.admin, "admin"))
    ]))  # fmt: skip
    db.execute("update feed.presence set until = now() - interval '16 minutes' where role = 'admin'")
    student, teacher = (str(world.student), "student"), (str(world.teacher), "teacher")
    assert active(None) == active([world.org]) == [teacher, student], "the last first"
    assert active(None, 1) == [teacher]
    assert active([world.org + 1]) == active([]) == []
    assert value(db, "select feed.warm_responses(%s)", world.org) is True
    assert orders(process) == [{"org": world.org, "order": "warm"}]

    # Not who may not ask any more, or asked long ago.
    db.execute("delete from school.person_role where person_id = %s", (world.teacher,))
    assert active(None) == [student]
    db.execute("update board.student_dashboard_cache set seen_at = now() - interval '16 minutes'")
    assert active(None) == []
