"""The student's dashboard and actions, for the tests of both: three students alike, and every action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psycopg

from api.student_documents import ActionTaken, Cohort, NoCohort, StudentDashboard
from tests.api.support import People, School, bearer, token
from tests.support import program as programs
from tests.support.program import Own, Program

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
                "select (api.student_dashboard(%s, true, true)).document",
                (msgspec.json.encode(claims).decode(),),
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
