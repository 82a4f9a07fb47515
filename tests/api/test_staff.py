"""What teachers and tutors get by REST and on streams, and what of others' they do not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.support import School, token
from tests.support import school as facts
from tests.support.school import Connection
from tests.support.streams import sse

DASHBOARD = "/api/v1/teacher/dashboard"
ASSIGNMENT = "/api/v1/teacher/assignments/{}"
DUE = datetime(2024, 3, 1, tzinfo=UTC)


class Work:
    """An assignment of one teacher with submissions of five students, and another's."""

    def __init__(self, school: School, db: Connection) -> None:
        org = school.org
        self.school = school
        self.teacher, self.other = (facts.make_person(db, org, "teacher") for _ in range(2))
        self.course = facts.make_course(db, org, teacher=self.teacher)
        self.assignment = facts.make_assignment(db, org, self.course, title="sets", due_at=DUE)
        self.students = [facts.make_person(db, org, "student", name=f"Student {n}") for n in range(5)]
        for student, grade in zip(self.students, (0, 89.999, 90, 100, None), strict=True):
            facts.enroll(db, org, student, self.course)
            handed_in = DUE + timedelta(hours=1 if grade == 0 else -1)
            facts.submit(db, org, self.assignment, student, grade, submitted_at=handed_in)
        late = facts.make_person(db, org, "student", name="Student 5")
        facts.enroll(db, org, late, self.course)
        facts.submit(db, org, self.assignment, late, submitted_at=None)
        stranger = facts.make_person(db, org, "student", name="Stranger")
        facts.submit(db, org, self.assignment, stranger, 50, submitted_at=DUE)

    def get(
        self, path: str, person: UUID | None = None, role: str = "teacher", **params: Any
    ) -> httpx.Response:
        """What the teacher, or somebody else, is answered."""
        return self.school.get(path, person or self.teacher, role, **params)


@pytest.fixture(scope="module")
def work(live_school: School) -> Work:
    with live_school.database.connect() as db:
        return Work(live_school, db)


def test_an_assignment(work: Work) -> None:
    answer = work.get(ASSIGNMENT.format(work.assignment))
    assert answer.status_code == 200
    document = answer.json()
    assert document["assignment"]["title"] == "sets"
    assert document["counts"] == {
        "submitted": 6, "graded": 5, "pending": 1, "ungraded": 1, "average": 66.0,
    }  # fmt: skip
    assert [d["submissions"] for d in document["distribution"]] == [1, 0, 0, 0, 0, 1, 0, 0, 1, 2]
    assert [(d["at_least"], d["below"]) for d in document["distribution"]][-1] == (90, 100)
    assert [(i["student"]["name"], i["state"], i["grade"], i["is_late"]) for i in document["items"]] == [
        (None, "graded", 50, False),  # never enrolled: the teacher may not read who it is
        ("Student 0", "graded", 0, True),
        ("Student 1", "graded", 90.0, False),
        ("Student 2", "graded", 90, False),
        ("Student 3", "graded", 100, False),
        ("Student 4", "ungraded", None, False),
        ("Student 5", "pending", None, False),
    ]
    assert (document["total"], document["next_cursor"]) == (7, None)


def test_its_submissions_in_pages(work: Work) -> None:
    whole = work.get(ASSIGNMENT.format(work.assignment)).json()["items"]
    found: list[Any] = []
    cursor = None
    pages = 0
    while pages == 0 or cursor:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = work.get(ASSIGNMENT.format(work.assignment), **params).json()
        assert page["total"] == 7
        found, cursor, pages = found + page["items"], page["next_cursor"], pages + 1
    assert (found, pages) == (whole, 4)
    last = work.get(ASSIGNMENT.format(work.assignment), limit=2).json()["next_cursor"]
    elsewhere = work.get(ASSIGNMENT.format(uuid4()), cursor=last)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "HR422")


def test_a_tutor_reads_of_an_assignment_what_the_own_students_did(work: Work) -> None:
    path = f"/api/v1/tutor/assignments/{work.assignment}"
    with work.school.database.connect() as db:
        tutor, idle = (facts.make_person(db, work.school.org, "tutor") for _ in range(2))
        for student in work.students[1:3]:
            facts.make_tutor(db, work.school.org, tutor, student)
        draft = facts.make_assignment(db, work.school.org, work.course, status="draft")
    document = work.get(path, tutor, "tutor").json()
    assert [(i["student"]["name"], i["grade"]) for i in document["items"]] == [
        ("Student 1", 90.0), ("Student 2", 90),
    ]  # fmt: skip
    assert (document["counts"]["graded"], document["counts"]["average"], document["total"]) == (2, 90.0, 2)
    assert work.get(path, idle, "tutor").status_code == 404
    assert work.get(path, work.teacher).status_code == 403
    assert work.get(f"/api/v1/tutor/assignments/{draft}", tutor, "tutor").status_code == 404


def test_of_others_nobody_gets_anything(work: Work) -> None:
    school = work.school
    path = ASSIGNMENT.format(work.assignment)
    with school.database.connect() as db:
        abroad = facts.make_person(db, school.other_org, "teacher")
        both = facts.make_person(db, school.org, "student")
    assert work.get(path).status_code == 200, "the control"
    assert work.get(path, work.other).status_code == 404
    assert school.get(path, abroad, "teacher", school.other_org).status_code == 404
    assert school.get(path, work.teacher, "teacher", school.other_org).status_code == 401
    for role, person in (("student", both), ("admin", school.admin), ("tutor", school.tutor)):
        assert work.get(path, person, role).status_code == 403, role
        assert work.get(DASHBOARD, person, role).status_code == 403, role
        assert work.get(DASHBOARD, person, "teacher").status_code == 403, "a role that one does not hold"
    assert work.get("/api/v1/tutor/dashboard").status_code == 403
    for teacher in (work.other, abroad):
        org = school.other_org if teacher == abroad else school.org
        said = school.get(DASHBOARD, teacher, "teacher", org).json()
        assert (said["courses"], said["assignments"], said["latest_submissions"]) == ([], [], [])


def test_a_grade_shows_at_the_next_read_and_a_lost_course_too(work: Work) -> None:
    school = work.school
    with school.database.connect() as db:
        teacher = facts.make_person(db, school.org, "teacher")
        course = facts.make_course(db, school.org, teacher=teacher)
        facts.enroll(db, school.org, work.students[0], course)
        assignment = facts.make_assignment(db, school.org, course)
        assert work.get(DASHBOARD, teacher).json()["assignments"][0]["graded"] == 0
        facts.submit(db, school.org, assignment, work.students[0], 77)
        answer = work.get(DASHBOARD, teacher)
        assert answer.json()["assignments"][0]["average"] == 77
        assert answer.headers["x-feed-cursor"]
        db.execute("delete from school.course_teacher where teacher_id = %s", (teacher,))
        assert work.get(DASHBOARD, teacher).json()["assignments"] == []


def test_reset_brings_the_dashboard(work: Work) -> None:
    value = token(work.teacher, work.school.org, "teacher")
    with sse(work.school.client.base_url, "/api/v1/teacher/dashboard/stream?cursor=old", value) as stream:
        told = stream.message()
    said = work.get(DASHBOARD).json()
    assert told
    assert told["type"] == "reset"
    assert told["data"].pop("version") > 0
    assert told["data"] | {"last_updated": None} == said | {"last_updated": None}


def test_a_dashboard_that_is_being_refreshed_keeps_nobody_else_from_theirs(work: Work) -> None:
    path, base = "/api/v1/teacher/dashboard/stream", work.school.client.base_url
    locked, other = (token(person, work.school.org, "teacher") for person in (work.teacher, work.other))
    lock = "select 1 from board.dashboard_cache where role = 'teacher' and person_id = %s for update"
    with (
        ThreadPoolExecutor(3) as pool,
        work.school.database.connect(autocommit=False) as batch,
    ):

        def first(value: str) -> Any:
            with sse(base, path, value) as stream:
                return stream.snapshot

        batch.execute(lock, (work.teacher,))
        waiting = [pool.submit(first, locked) for _ in range(3)]
        assert first(other)
        assert not any(one.done() for one in waiting)
        batch.rollback()
        assert all(one.result() for one in waiting)


def test_who_has_a_stream_open_is_present(work: Work) -> None:
    value = token(work.teacher, work.school.org, "teacher")
    query = "select role from feed.presence where org_id = %s and person_id = %s and until > now()"
    with (
        work.school.database.connect() as db,
        sse(work.school.client.base_url, "/api/v1/teacher/dashboard/stream", value),
    ):
        end = time.monotonic() + 15
        while not (found := db.execute(query, (work.school.org, work.teacher)).fetchall()):
            assert time.monotonic() < end
            time.sleep(0.05)
    assert found == [("teacher",)]
