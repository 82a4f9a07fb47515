"""Builders of facts: each inserts one as superuser, in plain SQL, and returns its id.

`db` is a superuser's connection to a migrated database, `org` an organization's id. Where a test does not
care for a name, title or time, the builder makes one up.
"""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

GRADED = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)

_numbers = count(1)


def make_org(db: Connection, name: str | None = None, *, time_zone: str = "UTC") -> int:
    """Add an organization."""
    row = {"name": name or f"School {next(_numbers)}", "time_zone": time_zone}
    org: int = _insert(db, "organization", row, "org_id")
    return org


def make_person(
    db: Connection,
    org: int,
    *roles: str,
    name: str | None = None,
    email: str | None = None,
    active: bool = True,
) -> UUID:
    """Add a person who holds `roles` (student, parent, teacher, tutor, mentor, director, analyst, ...)."""
    row = {"org_id": org, "name": name or f"Person {next(_numbers)}", "email": email, "is_active": active}
    person: UUID = _insert(db, "person", row, "id")
    for role in roles:
        _insert(db, "person_role", {"org_id": org, "person_id": person, "role": role})
    return person


def make_course(db: Connection, org: int, code: str | None = None, *, teacher: UUID | None = None) -> UUID:
    """Add a course, taught by `teacher` where given."""
    code = code or f"COURSE-{next(_numbers)}"
    course: UUID = _insert(db, "course", {"org_id": org, "code": code, "title": f"About {code}"}, "id")
    if teacher is not None:
        _insert(db, "course_teacher", {"org_id": org, "course_id": course, "teacher_id": teacher})
    return course


def enroll(db: Connection, org: int, student: UUID, course: UUID, status: str = "active") -> None:
    """Put a student into a course; `status` is active, completed or dropped."""
    _insert(db, "enrollment", {"org_id": org, "student_id": student, "course_id": course, "status": status})


def make_guardian(db: Connection, org: int, parent: UUID, student: UUID) -> None:
    """Let a parent read a student's records."""
    _insert(db, "guardian", {"org_id": org, "parent_id": parent, "student_id": student})


def make_teacher(db: Connection, org: int, course: UUID, teacher: UUID) -> None:
    """Let a teacher read everything in a course."""
    _insert(db, "course_teacher", {"org_id": org, "course_id": course, "teacher_id": teacher})


def make_tutor(db: Connection, org: int, tutor: UUID, student: UUID) -> None:
    """Let a tutor read a student's records."""
    _insert(db, "tutor_student", {"org_id": org, "tutor_id": tutor, "student_id": student})


def make_assignment(
    db: Connection,
    org: int,
    course: UUID,
    *,
    title: str | None = None,
    status: str = "published",
    due_at: datetime | None = None,
) -> UUID:
    """Add an assignment; `status` is draft, published or closed."""
    assignment: UUID = _insert(db, "assignment", _work(org, course, title, status, due_at), "id")
    return assignment


def make_quiz(
    db: Connection,
    org: int,
    course: UUID,
    *,
    title: str | None = None,
    status: str = "published",
    due_at: datetime | None = None,
) -> UUID:
    """Add a quiz; `status` is draft, published or closed."""
    quiz: UUID = _insert(db, "quiz", _work(org, course, title, status, due_at), "id")
    return quiz


def submit(
    db: Connection,
    org: int,
    assignment: UUID,
    student: UUID,
    grade: float | None = None,
    *,
    submitted_at: datetime | None = GRADED,
    graded_at: datetime = GRADED,
) -> UUID:
    """Hand in an assignment: graded where `grade` (percent) is given, pending without `submitted_at`."""
    row = {
        "org_id": org,
        "assignment_id": assignment,
        "course_id": _course_of(db, "assignment", org, assignment),
        "student_id": student,
        "submitted_at": submitted_at,
        "grade": grade,
        "graded_at": None if grade is None else graded_at,
    }
    submission: UUID = _insert(db, "submission", row, "id")
    return submission


def attempt(
    db: Connection,
    org: int,
    quiz: UUID,
    student: UUID,
    score: float | None = None,
    *,
    completed_at: datetime | None = GRADED,
) -> UUID:
    """Take a quiz: it counts once `score` (percent) and `completed_at` are both there."""
    row = {
        "org_id": org,
        "quiz_id": quiz,
        "course_id": _course_of(db, "quiz", org, quiz),
        "student_id": student,
        "completed_at": completed_at,
        "score": score,
    }
    quiz_attempt: UUID = _insert(db, "quiz_attempt", row, "id")
    return quiz_attempt


def interact(
    db: Connection, org: int, student: UUID, course: UUID | None = None, *, occurred_at: datetime = GRADED
) -> int:
    """Add an interaction with a resource."""
    row = {
        "org_id": org,
        "student_id": student,
        "course_id": course,
        "agent_type": "resource",
        "occurred_at": occurred_at,
    }
    interaction: int = _insert(db, "interaction", row, "id")
    return interaction


def _work(org: int, course: UUID, title: str | None, status: str, due_at: datetime | None) -> dict[str, Any]:
    title = title or f"Work {next(_numbers)}"
    return {"org_id": org, "course_id": course, "title": title, "status": status, "due_at": due_at}


def _course_of(db: Connection, table: str, org: int, work: UUID) -> UUID:
    query = sql.SQL("select course_id from school.{} where org_id = %s and id = %s")
    row = db.execute(query.format(sql.Identifier(table)), (org, work)).fetchone()
    assert row is not None, f"no {table} {work} in organization {org}"
    course: UUID = row[0]
    return course


def _insert(db: Connection, table: str, row: dict[str, Any], answer: str = "org_id") -> Any:
    """Insert a row into a table of school and return its column `answer`."""
    query = sql.SQL("insert into school.{} ({}) values ({}) returning {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
        sql.Identifier(answer),
    )
    inserted = db.execute(query, row).fetchone()
    assert inserted is not None
    return inserted[0]
