"""Idempotency keys: the same action once, however often and at once it comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tests.api.student import ACTION, ACTIONS, World, body_of, refusal, taken
from tests.api.support import bearer, token
from tests.support.program import changes, facts


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
