"""What an event says of a dashboard's new version: a merge patch, or the document where none will do."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.support import feed, school
from tests.support.dashboards import refresh
from tests.support.feed import Connection, value
from tests.support.patches import patched
from tests.support.program import enter, make_program
from tests.support.servers import Cluster, Database

MERGE = "select patch, is_exact from board.merge_patch(%s, %s)"

WITH_DASHBOARD = ("parent", "teacher", "tutor", "director", "admin")  # and students
TEACHES = """
insert into school.course_teacher (org_id, course_id, teacher_id) values (%s, %s, %s), (%s, %s, %s)
"""
# The examples of RFC 7396's appendix between objects, and what they come to here: old, new, patch, exact.
KNOWN: list[tuple[Any, Any, Any, bool]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}, True),
    ({"a": "b"}, {"a": "b", "b": "c"}, {"b": "c"}, True),
    ({"a": "b"}, {}, {"a": None}, True),
    ({"a": "b", "b": "c"}, {"b": "c"}, {"a": None}, True),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}, True),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}, True),
    ({"a": {"b": "c"}}, {"a": {"b": "d"}}, {"a": {"b": "d"}}, True),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}, True),
    ({"a": [1]}, {"a": {"b": 2}}, {"a": {"b": 2}}, True),
    ({"a": [1]}, {"a": {}}, {"a": {}}, True),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}, True),
    ({"a": {"b": 1}}, {"a": [None]}, {"a": [None]}, True),
    ({"e": None}, {"e": None, "a": 1}, {"a": 1}, True),
    ({"e": None}, {"e": 1}, {"e": 1}, True),
    ({"e": None}, {}, {"e": None}, True),
    ({"a": 1.0, "b": {}}, {"a": 1, "b": {}}, None, True),
    # What becomes null, or comes as null, no patch can say.
    ({"a": 1}, {"a": None}, {"a": None}, False),
    ({}, {"a": None}, {"a": None}, False),
    ({"a": {"b": 1}}, {"a": {"b": None}}, {"a": {"b": None}}, False),
    ({"a": 1}, {"a": {"b": None}}, {"a": {"b": None}}, False),
    ({}, {"a": {"b": {"c": None}, "d": 1}}, {"a": {"b": {"c": None}, "d": 1}}, False),
    # In an array, null is a value.
    ({}, {"a": {"b": [None, {"c": None}]}}, {"a": {"b": [None, {"c": None}]}}, True),
]


@pytest.fixture(scope="module")
def anywhere(cluster: Cluster, template: str) -> Iterator[Connection]:
    """A session for functions that read nothing."""
    with cluster.database(template) as database, database.connect() as connection:
        yield connection


@pytest.mark.parametrize(("old", "new", "patch", "exact"), KNOWN)
def test_a_patch(anywhere: Connection, old: Any, new: Any, patch: Any, exact: bool) -> None:
    row = anywhere.execute(MERGE, (json.dumps(old), json.dumps(new))).fetchone()
    assert row == (patch, exact)
    assert (patched(old, patch or {}) == new) is exact


def something(dice: random.Random, depth: int) -> Any:
    """A value of JSON, more often an object where it is not deep."""
    kind = dice.randrange(10)
    if depth and kind < 5:
        return {key: something(dice, depth - 1) for key in "abcd" if dice.random() < 0.6}
    if depth and kind == 5:
        return [something(dice, depth - 1) for _ in range(dice.randrange(3))]
    return dice.choice([None, False, 1, 2.5, "", "x"])


def test_any_patch_makes_the_new_of_the_old_or_says_that_it_does_not(anywhere: Connection) -> None:
    dice = random.Random(11)
    exact = 0
    for _ in range(3000):
        old, new = ({"r": something(dice, 3), "s": something(dice, 3)} for _ in range(2))
        if dice.random() < 0.5:
            new |= {"s": old["s"]}
        row = anywhere.execute(MERGE, (json.dumps(old), json.dumps(new))).fetchone()
        assert row is not None
        assert (patched(old, row[0] or {}) == new) is row[1], (old, new, row)
        assert (row[0] is None) is (old == new), (old, new, row)
        exact += row[1]
    assert 500 < exact < 2500


# --- Versions of a student's dashboard


class World:
    """A premium student with everything, a free one, and the API's login."""

    def __init__(self, database: Database, db: Connection, api: Connection) -> None:
        self.database, self.db, self.api = database, db, api
        self.org = school.make_org(db)
        self.program = make_program(db, self.org)
        self.ann = school.make_person(db, self.org, "student", name="Ann")
        self.bob = school.make_person(db, self.org, "student", name="Bob")
        enter(db, self.program, self.ann)
        school.make_person(db, self.org, "admin")

    def version(self, student: UUID) -> int:
        found: int = value(
            self.db, "select version from board.student_dashboard_cache where student_id = %s", student
        )
        return found

    def stored(self, student: UUID) -> dict[str, Any]:
        query = "select document from board.student_dashboard_cache where student_id = %s"
        found: dict[str, Any] = value(self.db, query, student)
        return found

    def updates(self, since: str) -> list[feed.Event]:
        return feed.events(self.api, since, "update")

    def replayed(self, student: UUID, since: str, kinds: list[str] | None = None) -> dict[str, Any]:
        return feed.replay(self.api, feed.claims(self.org, student, "student"), since, kinds or ["*"])

    def badge(self, *students: UUID) -> None:
        for student in students:
            self.db.execute(
                "insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')",
                (self.org, student),
            )


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with database.connect() as db, database.connect("homeroom_api") as api:
        yield World(database, db, api)


def test_a_new_version_is_told_once_and_the_first_and_the_same_are_not(world: World) -> None:
    since = feed.cursor(world.api)
    refresh(world.db, world.org)
    assert world.updates(since) == [], "the first"
    refresh(world.db, world.org)
    assert world.updates(since) == [], "the same"
    world.badge(world.ann)
    assert world.updates(since) == [], "not computed yet"
    refresh(world.db, world.org)
    (told,) = world.updates(since)
    assert told["topics"] == [f"dashboard:student:{world.ann}"]
    assert told["org"] == world.org
    assert set(told["data"]) == {"version", "patch", "timestamp"}
    assert told["data"]["patch"] == {"quick_stats": {"badges": 2}}
    assert told["data"]["version"] == world.version(world.ann) == 2
    refresh(world.db, world.org)
    assert len(world.updates(since)) == 1


def test_a_batch_tells_of_each_who_has_changed(world: World) -> None:
    crowd = [school.make_person(world.db, world.org, "student") for _ in range(30)]
    refresh(world.db, world.org)
    old = {student: world.stored(student) for student in crowd}
    since = feed.cursor(world.api)
    world.badge(*crowd[:20])
    refresh(world.db, world.org)
    told = {event["topics"][0].split(":")[2]: event["data"] for event in world.updates(since)}
    assert set(told) == set(map(str, crowd[:20]))
    for student in crowd[:20]:
        assert patched(old[student], told[str(student)]["patch"]) == world.stored(student)


def test_what_a_read_stores_is_told_as_well(world: World) -> None:
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.badge(world.ann)
    claims = feed.claims(world.org, world.ann, "student")
    value(world.api, "select (api.student_dashboard(%s, true, true)).document", claims)
    assert [event["data"]["version"] for event in world.updates(since)] == [2]


def test_it_is_told_when_it_is_stored_and_wakes_who_sleeps(world: World) -> None:
    refresh(world.db, world.org)
    world.badge(world.ann)
    since = feed.cursor(world.api)
    world.api.execute("listen feed")
    assert value(world.api, "select api.feed_sleep(0)")
    with world.database.connect(autocommit=False) as worker:
        refresh(worker, world.org)
        assert world.updates(since) == []
        worker.commit()
    assert [notice.channel for notice in world.api.notifies(timeout=20, stop_after=1)] == ["feed"]
    assert len(world.updates(since)) == 1


def test_a_change_to_null_brings_the_document(world: World) -> None:
    refresh(world.db, world.org)
    value(world.db, "select board.refresh_leaderboard(%s)", world.org)
    since = feed.cursor(world.api)
    world.db.execute("update school.ai_nudge set dismissed_at = now() where student_id = %s", (world.ann,))
    refresh(world.db, world.org)
    (told,) = world.updates(since)
    assert set(told["data"]) == {"version", "document", "timestamp"}
    document = told["data"]["document"]
    assert document["ai_nudge"] is None
    claims = feed.claims(world.org, world.ann, "student")
    read = json.loads(value(world.api, "select (api.student_dashboard(%s, true, true)).document", claims))
    assert document == read, "all that a read answers, what compares students included"
    assert read["leaderboard"]["rank"] == 1


TOLD = "select board.told_version(7, %s, %s)"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"a": 1, "b": "x" * 90}, {"a": 2, "b": "x" * 90}, "patch"),
        ({"a": 1, "b": "x" * 90}, {"a": 2, "b": None}, "document"),
        # A patch that is longer than what it makes.
        ({"a" * 90: 1, "b": 1}, {"b": 1}, "document"),
        ({"a": 1, "b": "é" * 99_000}, {"a": 2, "b": "é" * 99_000}, "patch"),
        ({"a": 1, "b": "é" * 99_000}, {"a": None, "b": "é" * 99_000}, None),
        ({"b": "é" * 99_000}, {"b": "è" * 99_000}, None),
        ({"b": "é" * 99_000}, {"b": "è" * 50_000}, "patch"),
    ],
)
def test_what_is_told_of_a_version(anywhere: Connection, old: Any, new: Any, told: str | None) -> None:
    said = value(anywhere, TOLD, json.dumps(old), json.dumps(new))
    assert set(said) == {"version", "timestamp"} | ({told} if told else set())
    assert said["version"] == 7
    if told == "patch":
        assert patched(old, said["patch"]) == new
    if told == "document":
        assert said["document"] == new
    assert len(json.dumps(said, ensure_ascii=False).encode()) < 131_072 - 10_000


def test_where_an_update_was_too_long_a_replay_says_so(world: World) -> None:
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.db.execute(
        "insert into feed.event (org_id, topics, kind, payload) "
        "values (%s, array['dashboard:student:' || %s], 'update', '{\"version\": 2}')",
        (world.org, str(world.ann)),
    )
    for answer, afresh in (
        (world.replayed(world.ann, since), True),
        (world.replayed(world.ann, since, ["notification"]), False),
        (world.replayed(world.bob, since), False),
    ):
        assert (answer["reset"], answer["afresh"], answer["events"]) == (False, afresh, [])


def test_who_hears_of_a_dashboard_is_its_owner_in_that_role_alone(world: World) -> None:
    school.make_guardian(
        world.db, world.org, parent := school.make_person(world.db, world.org, "parent"), world.ann
    )
    tutor = school.make_person(world.db, world.org, "tutor")
    school.make_tutor(world.db, world.org, tutor, world.ann)
    director = school.make_person(world.db, world.org, "director")
    world.db.execute(
        "insert into school.person_role (org_id, person_id, role) values (%s, %s, 'tutor')",
        (world.org, world.ann),
    )
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.badge(world.ann, world.bob)
    refresh(world.db, world.org)
    assert len(world.updates(since)) == 2
    (told,) = world.replayed(world.ann, since)["events"]
    assert told["data"]["patch"]["quick_stats"] == {"badges": 2}
    people = world.db.execute(
        "select person_id, role from school.person_role where org_id = %s", (world.org,)
    )
    others = [(person, role) for person, role in people if role != "student"]
    assert {(parent, "parent"), (tutor, "tutor"), (world.ann, "tutor"), (director, "director")} < set(others)
    assert {role for _, role in others} > {"admin"}
    for person, role in others:
        claims = feed.claims(world.org, person, role)
        assert feed.replay(world.api, claims, since, ["*"])["events"] == [], role
        own = [topic for topic in feed.topics(world.api, claims) if topic.startswith("dashboard:")]
        assert own == ([f"dashboard:{role}:{person}"] if role in WITH_DASHBOARD else [])


@pytest.mark.parametrize("role", ["parent", "teacher", "tutor"])
def test_dashboards_of_parents_and_staff_are_told_alike(world: World, role: str) -> None:
    course, other = (school.make_course(world.db, world.org) for _ in range(2))
    school.enroll(world.db, world.org, world.ann, course)
    person, stranger = (school.make_person(world.db, world.org, role) for _ in range(2))
    match role:
        case "parent":
            school.make_guardian(world.db, world.org, person, world.ann)
        case "tutor":
            school.make_tutor(world.db, world.org, person, world.ann)
        case _:
            world.db.execute(TEACHES, (world.org, course, person, world.org, other, stranger))
    refreshed = "select board.refresh_dashboards(%s, %s, %s)"
    since = feed.cursor(world.api)
    for number in range(3):
        if number:
            work = school.make_assignment(
                world.db, world.org, course, due_at=datetime(2100, 1, 1, tzinfo=UTC)
            )
            school.submit(world.db, world.org, work, world.ann, 50)
        assert value(world.db, refreshed, world.org, role, [person, stranger]) == 2
        assert value(world.db, refreshed, world.org, role, [person, stranger]) == 2
    first, second = world.updates(since)
    assert first["topics"] == second["topics"] == [f"dashboard:{role}:{person}"]
    assert (first["data"]["version"], second["data"]["version"]) == (2, 3)
    assert "patch" in second["data"]
    claims = feed.claims(world.org, person, role)
    read = json.loads(value(world.api, "select api.dashboard_snapshot(%s)", claims))
    assert read.pop("version") == 3
    for event in (first, second):
        if "document" in event["data"]:
            assert ("last_updated" in event["data"]["document"]) is (role != "parent")
    whole = "update board.dashboard_cache set document = '{\"courses\": 1}' where person_id = %s"
    world.db.execute(whole.encode(), (person,))
    value(world.db, refreshed, world.org, role, [person])
    (told,) = world.updates(since)[2:]
    told = told["data"].get("document") or told["data"]["patch"]
    assert {name for name in read if name != "last_updated"} <= set(told) | {"last_updated"}
    heard = feed.replay(world.api, feed.claims(world.org, stranger, role), since, ["update"])
    assert heard["events"] == []


def test_updates_are_replayed_to_who_asks_for_them(world: World) -> None:
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.badge(world.ann)
    school.make_person(world.db, world.org)
    world.db.execute("select feed.send_to_person(%s, %s, 'note', '{}')", (world.org, world.ann))
    refresh(world.db, world.org)
    who = feed.claims(world.org, world.ann, "student")
    for kinds, expected in (
        (None, ["note"]),
        (["*"], ["note", "update"]),
        (["update"], ["update"]),
        (["note"], ["note"]),
        ([], []),
    ):
        assert [e["kind"] for e in feed.replay(world.api, who, since, kinds)["events"]] == expected, kinds


# --- What may be seen no more


def test_a_replay_shows_what_the_tier_of_now_may_see(world: World) -> None:
    refresh(world.db, world.org)
    # What ends by itself is no change of rights.
    world.db.execute(
        "update school.subscription set ends_at = now() + interval '8 seconds' where student_id = %s",
        (world.ann,),
    )
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    gaps = "update school.competency set name = name || '!' where org_id = %s"
    world.db.execute(gaps.encode(), (world.org,))
    refresh(world.db, world.org)
    (told,) = world.replayed(world.ann, since)["events"]
    assert told["data"]["patch"]["readiness"]["gaps"] == world.stored(world.ann)["readiness"]["gaps"]
    assert "upgrade_required" not in json.dumps(told)
    ended = "select ends_at < now() from school.subscription where student_id = %s"
    feed.wait_for(world.db, ended, world.ann)
    (told,) = world.replayed(world.ann, since)["events"]
    assert told["data"]["patch"]["readiness"]["gaps"] == "upgrade_required"
    refresh(world.db, world.org)
    events = world.replayed(world.ann, since)["events"]
    assert [set(event["data"]) & {"patch", "document"} for event in events] == [{"patch"}, {"document"}]
    document = events[-1]["data"]["document"]
    document.pop("leaderboard"), document.pop("last_updated")
    assert document == world.stored(world.ann)


def test_updates_of_before_a_change_of_rights_are_not_replayed(world: World) -> None:
    course = school.make_course(world.db, world.org)
    school.enroll(world.db, world.org, world.ann, course)
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.badge(world.ann, world.bob)
    refresh(world.db, world.org)
    assert len(world.replayed(world.ann, since)["events"]) == 1
    world.db.execute("update school.enrollment set status = 'dropped' where student_id = %s", (world.ann,))
    world.db.execute("select feed.send_to_person(%s, %s, 'note', '{}')", (world.org, world.ann))
    answer = world.replayed(world.ann, since)
    assert (answer["reset"], answer["afresh"]) == (False, True)
    assert [event["kind"] for event in answer["events"]] == ["note"]
    assert world.replayed(world.ann, since, ["note"])["afresh"] is False, "it gets none of them"
    answer = world.replayed(world.bob, since)
    assert not answer["afresh"] and len(answer["events"]) == 1, "another's rights"


def test_an_update_computed_before_a_change_of_rights_is_not_replayed_after_it(world: World) -> None:
    """The cursor has seen the change, and whoever computed before it commits later."""
    feed.cursor(world.api)  # the first of a copied database forgets what came before
    course = school.make_course(world.db, world.org)
    school.enroll(world.db, world.org, world.ann, course)
    refresh(world.db, world.org)
    world.badge(world.ann, world.bob)
    with world.database.connect(autocommit=False) as writer:
        refresh(writer, world.org, world.ann)
        world.db.execute(
            "update school.enrollment set status = 'dropped' where student_id = %s", (world.ann,)
        )
        since = feed.cursor(world.api)
        refresh(world.db, world.org, world.bob)
        writer.commit()
    answer = world.replayed(world.ann, since)
    assert (answer["reset"], answer["afresh"], answer["events"]) == (False, True, [])
    answer = world.replayed(world.bob, since)
    assert not answer["afresh"] and len(answer["events"]) == 1, "begun after the cursor"


def test_a_change_of_tier_is_one_of_rights(world: World) -> None:
    refresh(world.db, world.org)
    since = feed.cursor(world.api)
    world.badge(world.ann, world.bob)
    refresh(world.db, world.org)
    world.db.execute("update school.subscription set tier = tier where student_id = %s", (world.ann,))
    assert not world.replayed(world.ann, since)["afresh"], "nothing has changed"
    world.db.execute("delete from school.subscription where student_id = %s", (world.ann,))
    answer = world.replayed(world.ann, since)
    assert (answer["reset"], answer["afresh"], answer["events"]) == (False, True, [])
    assert not world.replayed(world.bob, since)["afresh"], "another's tier"


def test_with_rights_comes_a_number_above_all_who_have_not_seen_them(world: World) -> None:
    """Also above that of a transaction that began after the one that changes them."""
    number = "select pg_current_xact_id()::text::bigint"
    since = feed.cursor(world.api)
    with (
        world.database.connect(autocommit=False) as change,
        world.database.connect(autocommit=False) as writer,
    ):
        change.execute("delete from school.subscription where student_id = %s", (world.ann,))
        begun = value(writer, number)
        change.commit()
        answer = feed.read(world.api, since)
        assert [event["kind"] for event in answer["events"]] == ["rights"]
        assert int(answer["cursor"].split(":")[1]) <= begun < int(answer["end"])
    world.db.execute("select feed.send_to_person(%s, %s, 'note', '{}')", (world.org, world.ann))
    assert "end" not in feed.read(world.api, answer["cursor"])


# --- The leaderboard


def leaders(world: World) -> None:
    value(world.db, "select board.refresh_leaderboard(%s)", world.org)


def test_whose_place_changes_is_told_as_far_as_the_tier_sees(world: World) -> None:
    free = school.make_person(world.db, world.org, "student", name="Free")
    enter(world.db, world.program, free, tier="free", points=1)
    unread = school.make_person(world.db, world.org, "student", name="Unread")
    enter(world.db, world.program, unread, points=0)
    refresh(world.db, world.org, world.ann, free)
    leaders(world)
    since = feed.cursor(world.api)
    leaders(world)
    assert world.updates(since) == [], "nobody's place has changed"
    world.db.execute(
        "insert into school.point_award (org_id, student_id, points, reason) values (%s, %s, 1000, 'luck')",
        (world.org, free),
    )
    leaders(world)
    told = {event["topics"][0].split(":")[2]: event["data"] for event in world.updates(since)}
    assert set(told) == {str(world.ann), str(free)}, "and who has a document"
    assert set(told[str(free)]) == {"patch", "timestamp"}
    for student, rank in ((world.ann, 2), (free, 1)):
        claims = feed.claims(world.org, student, "student")
        read = json.loads(value(world.api, "select (api.student_dashboard(%s, true, true)).document", claims))
        shown = {name: said for name, said in read["leaderboard"].items() if said is not None}
        assert told[str(student)]["patch"] == {"leaderboard": shown}
        assert shown["rank"] == rank
        assert ("percentile" in shown) is (student == world.ann)


def test_who_has_no_place_any_more_is_told(world: World) -> None:
    refresh(world.db, world.org)
    leaders(world)
    since = feed.cursor(world.api)
    world.db.execute(
        "update school.cohort_member set status = 'withdrawn' where student_id = %s", (world.ann,)
    )
    leaders(world)
    (told,) = world.updates(since)
    assert told["data"]["patch"] == {"leaderboard": None}


def read_leaderboard(world: World, student: UUID) -> Any:
    claims = feed.claims(world.org, student, "student")
    read = value(world.api, "select (api.student_dashboard(%s, true, true)).document", claims)
    return json.loads(read)["leaderboard"]


@pytest.mark.parametrize("ranked_first", [True, False])
def test_whose_cohort_changes_is_told_where_they_stand_there(world: World, ranked_first: bool) -> None:
    """Whether the cohorts are ranked before the document knows of it, or after."""
    copied = """
        insert into school.cohort (org_id, track_id, name, starts_on, ends_on, status)
        select org_id, track_id, name || '!', starts_on, ends_on, status from school.cohort
        where org_id = %s limit 1 returning id
    """
    cohort = value(world.db, copied, world.org)
    # What the other cohort has not would become null, and bring the document.
    for table in ("cohort_mentor", "mentor_session", "milestone", "calendar_event"):
        world.db.execute(f"delete from school.{table}".encode())
    refresh(world.db, world.org)
    leaders(world)
    held = {"leaderboard": read_leaderboard(world, world.ann)}
    since = feed.cursor(world.api)
    world.db.execute(
        "update school.cohort_member set cohort_id = %s where student_id = %s", (cohort, world.ann)
    )
    for step in (leaders, lambda of: refresh(of.db, of.org))[:: 1 if ranked_first else -1]:
        step(world)
        (*_, told) = world.updates(since)
        held = patched(held, told["data"].get("patch") or told["data"]["document"])
    assert held["leaderboard"] == read_leaderboard(world, world.ann)
    assert held["leaderboard"]["rank"] == 1


def test_whose_tier_changes_is_told_where_they_stand_as_far_as_it_sees(world: World) -> None:
    other = school.make_person(world.db, world.org, "student", name="Other")
    enter(world.db, world.program, other, points=0)
    refresh(world.db, world.org)
    leaders(world)
    for tier in ("free", "premium"):
        since = feed.cursor(world.api)
        world.db.execute("update school.subscription set tier = %s where student_id = %s", (tier, world.ann))
        refresh(world.db, world.org)
        (told,) = world.updates(since)
        told = told["data"].get("patch") or told["data"]["document"]
        assert told["leaderboard"] == read_leaderboard(world, world.ann)
        assert (told["leaderboard"]["percentile"] is None) is (tier == "free")
    since = feed.cursor(world.api)
    world.badge(world.ann)
    refresh(world.db, world.org)
    (told,) = world.updates(since)
    assert "leaderboard" not in told["data"]["patch"], "nothing of it has changed"
