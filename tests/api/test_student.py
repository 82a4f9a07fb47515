"""The student's dashboard and actions: the document as described, what actions change, the next read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest

from api.actions import Action
from api.student_documents import ActionTaken, Cohort, NoCohort, StudentDashboard
from tests.api.support import People, School, bearer, school_of, token
from tests.support import program as programs
from tests.support import school as build
from tests.support.program import Own, Program, changes, facts
from tests.support.servers import Cluster

DASHBOARD = "/api/v1/student/dashboard"
ACTION = "/api/v1/student/dashboard/action"


@dataclass
class World:
    """Three students with a program each, alike: Ada, Ben of the same school, Zoe of another."""

    school: School
    db: psycopg.Connection[Any]
    ada: tuple[Program, Own]
    ben: tuple[Program, Own]
    zoe: tuple[Program, Own]

    def act(self, body: Any, key: str | None = None, person: UUID | None = None) -> httpx.Response:
        """Take an action as Ada, or another of the school."""
        headers = bearer(token(person or self.school.ada, self.school.org, "student"))
        return self.school.client.post(
            ACTION, headers=headers | ({"Idempotency-Key": key} if key else {}), json=body
        )

    def read(self, person: UUID | None = None, org: int | None = None, **params: Any) -> dict[str, Any]:
        """The dashboard of Ada or another, after what holds for every such answer."""
        answer = self.school.get(DASHBOARD, person or self.school.ada, "student", org, **params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-cache"
        decoded(answer.content)
        document: dict[str, Any] = answer.json()
        return document

    def elsewhere(self) -> dict[str, Any]:
        """Ada's dashboard, read on a connection of its own."""
        claims = {"sub": str(self.school.ada), "org": self.school.org, "role": "student"}
        with self.school.database.connect("homeroom_api") as other:
            row = other.execute(
                "select api.student_dashboard(%s, true, true)", (msgspec.json.encode(claims).decode(),)
            ).fetchone()
        assert row is not None
        document: dict[str, Any] = msgspec.json.decode(row[0])
        return document


class Programs(People):
    """A program for a student each: Ada, Ben, and the other organization's."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        super().__init__(db)
        self.programs: list[tuple[Program, Own]] = []
        for org, student in (
            (self.org, self.ada),
            (self.org, self.ben),
            (self.other_org, self.other_student),
        ):
            program = programs.make_program(db, org)
            self.programs.append((program, programs.enter(db, program, student)))


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    """The world of one test."""
    with (
        cluster.prepared(Programs) as (database, people),
        school_of(database, people) as school,
        database.connect() as db,
    ):
        yield World(school, db, *people.programs)


def decoded(content: bytes) -> StudentDashboard:
    """A document, decoded strictly as what is described."""
    document = msgspec.json.decode(content, type=StudentDashboard, strict=True)
    msgspec.convert(document.cards.cohort, NoCohort if "cta" in document.cards.cohort else Cohort)
    return document


def refusal(answer: httpx.Response, status: int, *fields: str) -> None:
    """The answer is a problem of this status, about these fields."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == f"HR{status}"
    assert [error["field"] for error in problem.get("errors", [])] == list(fields)


# --- The document


def test_everything_that_there_is_is_in_it(world: World) -> None:
    program, own = world.ada
    world.db.execute("select board.refresh_leaderboard(%s)", (world.school.org,))
    document = world.read()
    assert document["readiness"] == {
        "score": 60.0,
        "time_to_ready": 28,
        "trend_7d": "+8.8",
        "gaps": programs.GAPS,
    }
    assert document["ai_nudge"] == programs.NUDGE
    assert document["ai_nudge_id"] == str(own.nudge)
    assert document["cards"]["portfolio"]["health"] == programs.HEALTH
    assert document["cards"]["cohort"]["mentor"] == {"id": str(program.mentor), "name": "Mia"}
    assert document["leaderboard"]["rank"] == 1
    assert document["quick_stats"] == {
        "points": 10,
        "streak_days": 0,
        "badges": 1,
        "missions_completed": 0,
        "hours_this_week": 0.0,
    }
    assert document["flags"] == {
        "live_session_now": True,
        "review_arrived": True,
        "nudge_new": True,
        "deadline_today": False,
        "enhanced_access_expiring": False,
    }
    tasks = [document["today"]["primary_action"], *document["today"]["secondary_actions"]]
    assert [(task["type"], task["id"]) for task in tasks[:4]] == [
        ("session", str(program.session)),
        ("mission", str(program.begun)),
        ("mission", str(program.mission)),
        ("milestone", str(program.milestone)),
    ]
    assert {task["type"] for task in tasks[4:]} == {"assignment", "quiz"}


def test_who_has_nothing_gets_a_whole_document_at_the_first_read(world: World) -> None:
    stored = "select document is not null from board.student_dashboard_cache where student_id = %s"
    assert world.db.execute(stored, (world.school.cleo,)).fetchone() == (False,)
    document = world.read(world.school.cleo)
    assert document["cards"]["cohort"] == {"cta": "Join cohort"}
    assert document["cards"]["subscription"] == {"tier": "free", "days_left": None}
    assert document["today"] == {"primary_action": None, "secondary_actions": []}
    assert document["leaderboard"] is None
    assert world.db.execute(stored, (world.school.cleo,)).fetchone() == (True,)
    assert world.read(world.school.cleo) == document


def test_each_of_a_synthetic_school_is_as_described(own_school: School) -> None:
    with own_school.database.connect() as db:
        db.execute("select ops.seed_school('Synthetic', 60, current_date)")
        db.execute("select board.refresh_leaderboard(org_id) from school.organization")
        students = db.execute(
            "select r.org_id, r.person_id from school.person_role as r "
            "join school.organization as o using (org_id) where o.name = 'Synthetic' and r.role = 'student'"
        ).fetchall()
    assert len(students) == 60
    for org, student in students:
        answer = own_school.get(DASHBOARD, student, "student", org)
        assert answer.status_code == 200, answer.text
        decoded(answer.content)


@pytest.mark.parametrize(
    ("params", "absent"),
    [
        ({}, set()),
        ({"include_notifications": "true", "include_ai_nudge": "true"}, set()),
        ({"include_notifications": "false"}, {"notifications"}),
        ({"include_ai_nudge": "false"}, {"ai_nudge", "ai_nudge_id"}),
        (
            {"include_notifications": "false", "include_ai_nudge": "false"},
            {"notifications", "ai_nudge", "ai_nudge_id"},
        ),
    ],
    ids=lambda value: str(value if isinstance(value, dict) else len(value)),
)
def test_what_is_not_asked_for_is_absent_and_nothing_else(
    world: World, params: dict[str, Any], absent: set[str]
) -> None:
    whole = world.read()
    assert {"notifications", "ai_nudge", "ai_nudge_id"} <= set(whole)
    some = world.read(**params)
    assert some == {key: value for key, value in whole.items() if key not in absent}


@pytest.mark.parametrize("parameter", ["include_notifications", "include_ai_nudge"])
@pytest.mark.parametrize("value", ["maybe", "2", ""])
def test_a_parameter_that_is_no_boolean_is_refused_by_name(
    school: School, parameter: str, value: str
) -> None:
    refusal(school.get(DASHBOARD, school.ada, "student", **{parameter: value}), 422, parameter)


@pytest.mark.parametrize(
    "role", ["parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service"]
)
def test_both_are_for_students(world: World, role: str) -> None:
    person = build.make_person(world.db, world.school.org, role)
    goal = {"action": "goal_created", "title": "Mine"}
    before = facts(world.db)
    for who in (person, world.school.ada):
        refusal(world.school.get(DASHBOARD, who, role), 403)
        refusal(world.school.post(ACTION, who, role, goal), 403)
    refusal(world.school.get(DASHBOARD, person, "student"), 403)
    refusal(world.school.post(ACTION, person, "student", goal), 403)
    assert facts(world.db) == before


def test_both_need_a_token_of_somebody_active(world: World) -> None:
    goal = {"action": "goal_created", "title": "Mine"}
    world.db.execute("update school.person set is_active = false where id = %s", (world.school.ben,))
    before = facts(world.db)
    refusal(world.school.client.get(DASHBOARD), 401)
    refusal(world.school.client.post(ACTION, json=goal), 401)
    for who in (world.school.ben, uuid4(), world.school.other_student):
        refusal(world.school.get(DASHBOARD, who, "student"), 401)
        refusal(world.school.post(ACTION, who, "student", goal), 401)
    assert facts(world.db) == before


# --- Actions


@dataclass(frozen=True)
class Kind:
    """An action: its fields, priority, the one table that it changes, and what the document then shows."""

    priority: str
    table: str
    fields: Callable[[Program, Own], dict[str, Any]]
    shows: Callable[[dict[str, Any]], Any]
    """Part of a document."""
    differs: Callable[[Any, Any], bool]
    """Of that part before and after."""
    more: bool = False
    """Whether saying the same twice makes two."""


def _count(*path: str) -> Callable[[dict[str, Any]], Any]:
    def value(document: dict[str, Any]) -> Any:
        part: Any = document
        for key in path:
            part = part[key]
        return part

    return value


def _tasks(document: dict[str, Any]) -> set[str]:
    tasks = [document["today"]["primary_action"], *document["today"]["secondary_actions"]]
    return {task["type"] for task in tasks if task}


def _up(before: int, after: int) -> bool:
    return after == before + 1


def _down(before: int, after: int) -> bool:
    return after == before - 1


ACTIONS: dict[str, Kind] = {
    "mission_started": Kind(
        "normal",
        "mission_attempt",
        lambda program, own: {"mission_id": program.mission},
        _count("cards", "missions", "started"),
        _up,
    ),
    "mission_submitted": Kind(
        "high",
        "mission_attempt",
        lambda program, own: {"mission_id": program.begun},
        _count("missions_in_review"),
        _up,
    ),
    "habit_logged": Kind(
        "normal",
        "habit_log",
        lambda program, own: {"habit_id": own.habit},
        _count("cards", "coaching", "habits_done"),
        _up,
    ),
    "goal_created": Kind(
        "low",
        "goal",
        lambda program, own: {"title": "Learn SQL"},
        _count("cards", "coaching", "active_goals"),
        _up,
        more=True,
    ),
    "goal_completed": Kind(
        "normal",
        "goal",
        lambda program, own: {"goal_id": own.goal},
        _count("cards", "coaching", "active_goals"),
        _down,
    ),
    "portfolio_item_added": Kind(
        "normal",
        "portfolio_item",
        lambda program, own: {"title": "My essay", "url": "https://example.org/essay"},
        _count("cards", "portfolio", "draft"),
        _up,
        more=True,
    ),
    "notification_read": Kind(
        "low",
        "notification",
        lambda program, own: {"notification_id": own.notification},
        _count("notifications", "unread"),
        _down,
    ),
    "nudge_dismissed": Kind(
        "low",
        "ai_nudge",
        lambda program, own: {"nudge_id": own.nudge},
        _count("ai_nudge"),
        lambda before, after: before == programs.NUDGE and after is None,
    ),
    "session_joined": Kind(
        "urgent",
        "session_attendance",
        lambda program, own: {"session_id": program.session},
        _tasks,
        lambda before, after: before - after == {"session"},
    ),
    # An attempt that is under way changes nothing in the document: the quiz is still to be done.
    "quiz_started": Kind(
        "normal",
        "quiz_attempt",
        lambda program, own: {"quiz_id": program.quiz},
        _tasks,
        lambda before, after: before == after,
    ),
    "assignment_submitted": Kind(
        "high",
        "submission",
        lambda program, own: {"assignment_id": program.assignment},
        _count("cards", "assignments", "ungraded"),
        _up,
    ),
}
NAMING = [name for name, kind in ACTIONS.items() if not kind.more]


def body_of(name: str, of: tuple[Program, Own]) -> dict[str, Any]:
    """An action of this name, with the ids of a student's things."""
    return {"action": name} | {
        field: str(value) if isinstance(value, UUID) else value
        for field, value in ACTIONS[name].fields(*of).items()
    }


def taken(answer: httpx.Response, name: str) -> None:
    """The answer says that the action was taken, and nothing else."""
    assert answer.status_code == 202, answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    said = msgspec.json.decode(answer.content, type=ActionTaken, strict=True)
    assert (said.status, said.action, said.priority) == ("queued", name, ACTIONS[name].priority)


def test_all_actions_are_tried_here() -> None:
    assert set(ACTIONS) == {kind.__struct_config__.tag for kind in get_args(Action)}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_changes_its_fact_and_the_next_read_shows_it(world: World, name: str) -> None:
    kind = ACTIONS[name]
    shown, before = world.read(), facts(world.db)
    taken(world.act(body_of(name, world.ada)), name)
    now = world.elsewhere()
    assert kind.differs(kind.shows(shown), kind.shows(now)), (kind.shows(shown), kind.shows(now))
    assert world.read() == now, "stored by the read before, and fresh"
    assert set(after := changes(before, facts(world.db))) == {kind.table}
    assert after[kind.table] in ((0, 1), (1, 1))
    computed = world.db.execute(
        "select document::jsonb from board.student_documents(%s, %s)",
        (world.school.org, [world.school.ada]),
    ).fetchone()
    assert computed is not None
    assert computed[0] == {
        key: value for key, value in now.items() if key not in ("leaderboard", "last_updated")
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_said_twice_it_changes_nothing_more(world: World, name: str) -> None:
    """Unless it makes something new each time."""
    kind = ACTIONS[name]
    first = world.act(body_of(name, world.ada))
    between = facts(world.db)
    second = world.act(body_of(name, world.ada))
    taken(second, name)
    assert second.content == first.content
    assert changes(between, facts(world.db)) == ({kind.table: (0, 1)} if kind.more else {})
    assert world.read() == world.elsewhere()


@pytest.mark.parametrize("name", NAMING)
@pytest.mark.parametrize("whose", ["another student's", "another tenant's", "nobody's"])
def test_what_is_not_ones_own_is_not_there(world: World, name: str, whose: str) -> None:
    body = body_of(name, {"another tenant's": world.zoe}.get(whose, world.ben))
    if whose == "nobody's":
        body |= {field: str(uuid4()) for field in body if field.endswith("_id")}
    shown, before = world.read(), facts(world.db)
    refusal(world.act(body), 404)
    refusal(world.act(body, key="k"), 404)
    assert facts(world.db) == before
    assert world.read() == shown
    # The key was not used up, and theirs are there.
    taken(world.act(body_of(name, world.ada), key="k"), name)
    if whose == "another student's":
        taken(world.act(body, person=world.school.ben), name)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mission_started", "update school.mission set status = 'draft'"),
        ("mission_started", "update school.mission set status = 'closed'"),
        ("mission_started", "update school.cohort_member set status = 'withdrawn'"),
        (
            "mission_submitted",
            "update school.mission_attempt set state = 'approved', submitted_at = now(), reviewed_at = now()",
        ),
        (
            "mission_submitted",
            "update school.mission_attempt set state = 'in_review', submitted_at = now(), "
            "review_started_at = now()",
        ),
        ("mission_submitted", "delete from school.mission_attempt"),
        ("session_joined", "update school.mentor_session set status = 'cancelled'"),
        ("session_joined", "update school.cohort_member set status = 'completed'"),
        (
            "session_joined",
            "update school.mentor_session as s set student_id = ("
            "select r.person_id from school.person_role as r "
            "where r.org_id = s.org_id and r.role = 'mentor' limit 1)",
        ),
        ("quiz_started", "update school.quiz set status = 'draft'"),
        ("quiz_started", "update school.enrollment set status = 'dropped'"),
        ("assignment_submitted", "update school.assignment set status = 'closed'"),
        ("assignment_submitted", "update school.enrollment set status = 'completed'"),
    ],
)
def test_what_is_not_open_to_the_student_is_not_there(world: World, name: str, change: str) -> None:
    world.db.execute(change.encode())
    before = facts(world.db)
    refusal(world.act(body_of(name, world.ada)), 404)
    assert facts(world.db) == before


def test_a_mission_is_started_with_the_time_that_the_student_estimates(world: World) -> None:
    program, _ = world.ada
    body = body_of("mission_started", world.ada)
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    for minutes in (0, 30):  # said anew, it is another time
        moment += timedelta(minutes=minutes)
        taken(world.act(body | {"estimated_completion": moment.isoformat()}), "mission_started")
        (task,) = (
            task
            for task in [
                world.elsewhere()["today"]["primary_action"],
                *world.elsewhere()["today"]["secondary_actions"],
            ]
            if task["id"] == str(program.mission)
        )
        assert (datetime.fromisoformat(task["deadline"]), task["priority"]) == (moment, "urgent")


def test_a_mission_that_was_sent_back_is_handed_in_again(world: World) -> None:
    world.db.execute(
        "update school.mission_attempt set state = 'rejected', submitted_at = now(), reviewed_at = now() "
        "where student_id = %s",
        (world.school.ada,),
    )
    assert world.read()["cards"]["missions"]["rejected"] == 1
    body = body_of("mission_submitted", world.ada) | {"url": "https://example.org/again"}
    taken(world.act(body), "mission_submitted")
    missions = world.elsewhere()["cards"]["missions"]
    assert (missions["rejected"], missions["submitted"]) == (0, 1)
    row = world.db.execute(
        "select url, reviewed_at from school.mission_attempt where student_id = %s", (world.school.ada,)
    )
    assert row.fetchall() == [("https://example.org/again", None)]


def test_a_habit_is_logged_on_another_day(world: World) -> None:
    _, own = world.ada
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    taken(world.act(body_of("habit_logged", world.ada) | {"on": yesterday.isoformat()}), "habit_logged")
    days = world.db.execute("select habit_id, day from school.habit_log").fetchall()
    assert days == [(own.habit, yesterday)]
    document = world.elsewhere()
    assert document["cards"]["coaching"]["habits_done"] == 0
    assert document["quick_stats"]["streak_days"] == 1


# --- Idempotency


@pytest.mark.parametrize("name", ACTIONS)
def test_the_same_key_gets_the_same_answer_and_changes_once(world: World, name: str) -> None:
    body = body_of(name, world.ada)
    before = facts(world.db)
    first = world.act(body, key="key 1")
    taken(first, name)
    between = facts(world.db)
    assert changes(before, between)[ACTIONS[name].table][1] == 1
    for _ in range(3):
        again = world.act(dict(reversed(body.items())), key="key 1")
        assert (again.status_code, again.content) == (202, first.content)
    assert facts(world.db) == between
    # Another's same key is another key, and so is another key.
    taken(world.act(body_of(name, world.ben), key="key 1", person=world.school.ben), name)
    taken(world.act(body, key="key 2"), name)


@pytest.mark.parametrize("name", ACTIONS)
def test_another_action_with_the_same_key_is_a_conflict(world: World, name: str) -> None:
    other = "portfolio_item_added" if name == "goal_created" else "goal_created"
    taken(world.act(body_of(other, world.ada), key="k"), other)
    before = facts(world.db)
    refusal(world.act(body_of(name, world.ada), key="k"), 409)
    different = body_of(other, world.ada) | {"title": "Another"}
    refusal(world.act(different, key="k"), 409)
    assert facts(world.db) == before


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_two_at_once_with_a_key_are_one(world: World, ends: str) -> None:
    body = body_of("goal_created", world.ada)
    claims = {"sub": str(world.school.ada), "org": world.school.org, "role": "student"}
    before = facts(world.db)
    waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    with (
        ThreadPoolExecutor(1) as threads,
        world.school.database.connect("homeroom_api", autocommit=False) as first,
    ):
        row = first.execute(
            "select api.student_action(%s, %s, 'k')",
            (msgspec.json.encode(claims).decode(), msgspec.json.encode(body).decode()),
        ).fetchone()
        second = threads.submit(world.act, body, "k")
        while not world.db.execute(waits).fetchone():
            assert not second.done(), second.result().text
        getattr(first, ends)()
        answer = second.result(60)
    taken(answer, "goal_created")
    assert row is not None and answer.json() == row[0]
    assert changes(before, facts(world.db)) == {"goal": (0, 1)}


def test_many_at_once_with_a_key_are_one(world: World) -> None:
    before = facts(world.db)
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: world.act(body_of("portfolio_item_added", world.ada), "k"), range(16))
        )
    assert {answer.content for answer in answers} == {answers[0].content}
    taken(answers[0], "portfolio_item_added")
    assert changes(before, facts(world.db)) == {"portfolio_item": (0, 1)}


def test_two_at_once_without_a_key_start_one_quiz(world: World) -> None:
    body = body_of("quiz_started", world.ada)
    claims = {"sub": str(world.school.ada), "org": world.school.org, "role": "student"}
    before = facts(world.db)
    with (
        ThreadPoolExecutor(1) as threads,
        world.school.database.connect("homeroom_api", autocommit=False) as first,
    ):
        first.execute(
            "select api.student_action(%s, %s, null)",
            (msgspec.json.encode(claims).decode(), msgspec.json.encode(body).decode()),
        )
        second = threads.submit(world.act, body)
        waits = (
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        while not second.done() and not world.db.execute(waits).fetchone():
            pass
        first.commit()
        taken(second.result(60), "quiz_started")
    assert changes(before, facts(world.db)) == {"quiz_attempt": (0, 1)}


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_is_none_is_refused_by_name(world: World, key: str) -> None:
    headers = bearer(token(world.school.ada, world.school.org, "student")) | {"Idempotency-Key": key}
    before = facts(world.db)
    answer = world.school.client.post(ACTION, headers=headers, json=body_of("goal_created", world.ada))
    refusal(answer, 422, "Idempotency-Key")
    assert facts(world.db) == before
    assert world.db.execute("select count(*) from ops.action_receipt").fetchone() == (0,)
    taken(world.act(body_of("goal_created", world.ada), key="k" * 200), "goal_created")


# --- Bodies

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
