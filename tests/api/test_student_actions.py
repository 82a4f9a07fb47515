"""The student's actions: what each changes, what the next read shows, and whose things they reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4

import pytest

from api.actions import Action
from tests.api.student import ACTIONS, NAMING, World, body_of, refusal, taken
from tests.support.program import changes, facts


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
    (field,) = (field for field in body if field.endswith("_id"))
    refusal(world.act(body), 404, field)
    refusal(world.act(body, key="k"), 404, field)
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
        ("mission_submitted", "update school.mission set status = 'closed'"),
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
        (
            "assignment_submitted",
            "with handed_in as (insert into school.submission (org_id, assignment_id, course_id, student_id, "
            "submitted_at) select a.org_id, a.id, a.course_id, e.student_id, now() "
            "from school.assignment as a join school.enrollment as e using (org_id, course_id) "
            "on conflict do nothing) "
            "update school.assignment set status = 'closed'",
        ),
        ("assignment_submitted", "update school.enrollment set status = 'completed'"),
    ],
)
def test_what_is_not_open_to_the_student_is_not_there(world: World, name: str, change: str) -> None:
    world.db.execute(change.encode())
    before = facts(world.db)
    body = body_of(name, world.ada)
    refusal(world.act(body), 404, *(field for field in body if field.endswith("_id")))
    assert facts(world.db) == before


@pytest.mark.parametrize("name", ACTIONS)
def test_the_queue_has_it_at_least_as_urgent_as_answered(world: World, name: str) -> None:
    world.read()
    world.db.execute("update board.dashboard_update_queue set processed_at = now()")
    answer = world.act(body_of(name, world.ada)).json()
    queued = world.db.execute(
        "select min(priority)::text, bool_or(reason = %s) from board.dashboard_update_queue "
        "where subject_id = %s and processed_at is null and priority <= %s::board.priority",
        (name, world.school.ada, answer["priority"]),
    ).fetchone()
    assert queued is not None
    urgency = ["urgent", "high", "normal", "low"]
    assert queued[1] and urgency.index(queued[0]) <= urgency.index(answer["priority"])


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
