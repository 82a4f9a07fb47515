"""The student's dashboard: the document as described, for whom, and what of it is asked for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.student import ACTION, DASHBOARD, World, decoded, refusal
from tests.api.support import School
from tests.support import program as programs
from tests.support import school as build
from tests.support.program import facts


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
