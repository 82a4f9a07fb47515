"""The dashboards by HTTP: right numbers, right people, right shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from api.documents import Child, ParentDashboard, StudentList, StudentPerformance
from tests.api.support import School, bearer, token
from tests.support import school as build

STUDENT = "/api/v1/student/performance"
PARENT = "/api/v1/parent/dashboard"
ADMIN = "/api/v1/admin/students/performance"
FIELDS = [
    "total_quizzes_completed",
    "total_assignments_completed",
    "overall_quiz_average_score",
    "overall_assignment_average_score",
    "overall_average_score",
    "last_performance_update",
]
PARAMETERS = ("limit", "sort", "order", "course_id", "cohort_id", "cursor")
HOSTILE = [
    "'",
    "';drop table school.person;--",
    '" or 1=1',
    "$1",
    "%00",
    "\0",
    "\ufffe",
    "é" * 5000,
    "../..",
    "{}",
]


def names(document: bytes) -> list[str]:
    """Whom a page of the admins' list shows."""
    return [item.student.name for item in msgspec.json.decode(document, type=StudentList).items]


def test_a_student_reads_the_worked_example_to_the_second_decimal(school: School) -> None:
    answer = school.get(STUDENT, school.ada, "student")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-cache"
    text = answer.text.replace(" ", "")
    assert '"overall_quiz_average_score":84.50' in text
    assert '"overall_assignment_average_score":79.88' in text
    assert '"overall_average_score":82.44' in text
    profile = answer.json()["student_profile"]
    assert list(profile) == FIELDS
    assert (profile["total_quizzes_completed"], profile["total_assignments_completed"]) == (10, 8)
    assert profile["last_performance_update"].endswith("Z")


def test_a_student_without_grades_reads_zeros_and_nulls(school: School) -> None:
    profile = school.get(STUDENT, school.ben, "student").json()["student_profile"]
    assert profile == dict(zip(FIELDS, [0, 0, None, None, None, None], strict=True))


def test_a_parent_reads_own_children_only(school: School) -> None:
    children = school.get(PARENT, school.parent, "parent").json()["children"]
    assert [child["student"] for child in children] == [
        {"id": str(school.ada), "name": "Ada"},
        {"id": str(school.ben), "name": "Ben"},
    ]
    own = school.get(STUDENT, school.ada, "student").json()
    assert children[0]["student_profile"] == own["student_profile"]
    assert sorted(c["course"]["id"] for c in children[0]["courses"]) == sorted(map(str, school.courses))


def test_a_child_comes_with_courses_last_grade_and_deadlines(own_school: School) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    graded = datetime(2024, 3, 1, 12, tzinfo=UTC)
    with own_school.database.connect() as db:
        course = build.make_course(db, own_school.org, "MATH-1")
        build.enroll(db, own_school.org, own_school.ben, course, "completed")
        work = build.make_assignment(db, own_school.org, course, title="Proofs")
        build.submit(db, own_school.org, work, own_school.ben, 91, graded_at=graded)
        build.enroll(db, own_school.org, own_school.ben, own_school.courses[0])
        build.make_quiz(db, own_school.org, own_school.courses[0], title="Limits", due_at=due)
    answer = own_school.get(PARENT, own_school.parent, "parent")
    ben = msgspec.json.decode(answer.content, type=ParentDashboard).children[1]
    assert isinstance(ben, Child)
    assert [
        (c.course.code, c.status, c.performance.overall_average_score)
        for c in ben.courses
        if c.course.id == course
    ] == [("MATH-1", "completed", 91.0)]
    assert ben.last_graded_work is not None
    assert (ben.last_graded_work.title, ben.last_graded_work.score, ben.last_graded_work.graded_at) == (
        "Proofs",
        91.0,
        graded,
    )
    assert [(d.kind, d.title, d.due_at) for d in ben.upcoming_deadlines] == [("quiz", "Limits", due)]


@pytest.mark.parametrize(
    ("path", "who", "role", "document"),
    [
        (STUDENT, "ada", "student", StudentPerformance),
        (STUDENT, "ben", "student", StudentPerformance),
        (PARENT, "parent", "parent", ParentDashboard),
        (ADMIN, "admin", "admin", StudentList),
        (ADMIN, "other_admin", "admin", StudentList),
    ],
)
def test_answers_are_of_the_documented_type(
    school: School, path: str, who: str, role: str, document: Any
) -> None:
    org = school.other_org if who.startswith("other") else school.org
    answer = school.get(path, getattr(school, who), role, org)
    assert answer.status_code == 200
    msgspec.json.decode(answer.content, type=document, strict=True)


def test_an_admin_reads_all_students_of_the_own_organization(school: School) -> None:
    page = school.get(ADMIN, school.admin, "admin").json()
    assert [item["student"]["name"] for item in page["items"]] == ["Ada", "Ben", "Cleo"]
    assert (page["total"], page["next_cursor"]) == (3, None)
    others = school.get(ADMIN, school.other_admin, "admin", school.other_org)
    assert names(others.content) == ["Zoe"]


def test_the_list_of_a_course_has_its_students_only(school: School) -> None:
    assert names(school.get(ADMIN, school.admin, "admin", course_id=str(school.courses[0])).content) == [
        "Ada"
    ]
    nobody = school.get(ADMIN, school.admin, "admin", course_id=str(uuid4())).json()
    assert nobody == {"items": [], "next_cursor": None, "total": 0}


def test_the_list_of_a_cohort_has_its_members_only(own_school: School) -> None:
    cohort, other = uuid4(), uuid4()
    with own_school.database.connect() as db:
        db.execute(
            "with p as (insert into school.program (org_id, name) values (%(org)s, 'P') returning id), "
            "t as (insert into school.track (org_id, program_id, name) "
            "select %(org)s, p.id, 'T' from p returning id) "
            "insert into school.cohort (org_id, id, track_id, name, starts_on, ends_on) "
            "select %(org)s, c.id, t.id, 'C', '2026-01-01', '2026-12-31' "
            "from t cross join unnest(%(cohorts)s::uuid[]) as c (id)",
            {"org": own_school.org, "cohorts": [cohort, other]},
        )
        for cohort_id, student, status in (
            (cohort, own_school.ben, "active"),
            (cohort, own_school.ada, "completed"),
            (cohort, own_school.cleo, "withdrawn"),
            (other, own_school.cleo, "active"),
        ):
            db.execute(
                "insert into school.cohort_member (org_id, cohort_id, student_id, status) "
                "values (%s, %s, %s, %s)",
                (own_school.org, cohort_id, student, status),
            )

    def listed(**params: str) -> list[str]:
        return names(own_school.get(ADMIN, own_school.admin, "admin", **params).content)

    assert listed(cohort_id=str(cohort)) == ["Ada", "Ben"]
    assert listed(cohort_id=str(cohort), course_id=str(own_school.courses[0])) == ["Ada"]
    assert listed(cohort_id=str(uuid4())) == []
    first = own_school.get(ADMIN, own_school.admin, "admin", cohort_id=str(cohort), limit="1").json()
    assert listed(cohort_id=str(cohort), cursor=first["next_cursor"]) == ["Ben"]
    elsewhere = own_school.get(
        ADMIN, own_school.admin, "admin", cohort_id=str(other), cursor=first["next_cursor"]
    )
    assert elsewhere.status_code == 422


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["name", *FIELDS])
def test_pages_show_everybody_once_in_order(own_school: School, sort: str, order: str) -> None:
    with own_school.database.connect() as db:
        for number in range(9):
            student = build.make_person(db, own_school.org, "student", name=f"S{number % 4}")
            build.enroll(db, own_school.org, student, own_school.courses[0])
            if number % 3:
                quiz = build.make_quiz(db, own_school.org, own_school.courses[0])
                build.attempt(db, own_school.org, quiz, student, 50 + number % 2 * 10)
    rows: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = own_school.get(ADMIN, own_school.admin, "admin", sort=sort, order=order, limit=5, **cursor)
        page = answer.json()
        assert page["total"] == 12
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 5
        cursor = {"cursor": page["next_cursor"]}
    assert len({row["student"]["id"] for row in rows}) == len(rows) == 12
    keys = [row["student"]["name"] if sort == "name" else row["student_profile"][sort] for row in rows]
    present = [key for key in keys if key is not None]
    assert keys[: len(present)] == present, "nulls come last"
    assert all(a <= b if order == "asc" else a >= b for a, b in pairwise(present))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", "9" * 30),
        ("sort", "id"),
        ("order", "sideways"),
        ("course_id", "1"),
        ("cohort_id", "1"),
        ("cursor", "abc"),
        ("cursor", "x" * 5000),
        *[
            (field, value)
            for field in ("limit", "sort", "order", "course_id", "cohort_id", "cursor")
            for value in HOSTILE
        ],
    ],
)
def test_a_wrong_parameter_is_refused_by_name(school: School, field: str, value: str) -> None:
    answer = school.get(ADMIN, school.admin, "admin", **{field: value})
    assert answer.status_code == 422
    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["code"] == "HR422"


def test_a_cursor_serves_its_own_list_alone(school: School) -> None:
    cursor = school.get(ADMIN, school.admin, "admin", limit=1).json()["next_cursor"]
    assert names(school.get(ADMIN, school.admin, "admin", limit=1, cursor=cursor).content) == ["Ben"]
    other = school.get(ADMIN, school.admin, "admin", limit=1, cursor=cursor, order="desc")
    assert other.json()["errors"][0]["field"] == "cursor"


def test_hostile_requests_changed_nothing(school: School) -> None:
    with school.database.connect() as db:
        assert db.execute("select count(*) from school.person").fetchone() == (9,)


@pytest.mark.parametrize(
    ("path", "who", "role"),
    [
        (STUDENT, "parent", "parent"),
        (STUDENT, "admin", "admin"),
        (PARENT, "ada", "student"),
        (PARENT, "admin", "admin"),
        (ADMIN, "ada", "student"),
        (ADMIN, "parent", "parent"),
    ],
)
def test_an_endpoint_of_another_role_is_forbidden(school: School, path: str, who: str, role: str) -> None:
    answer = school.get(path, getattr(school, who), role)
    assert (answer.status_code, answer.json()["code"]) == (403, "HR403")


def test_a_role_that_is_not_held_is_forbidden(school: School) -> None:
    assert school.get(ADMIN, school.ada, "admin").status_code == 403
    assert school.get(STUDENT, school.parent, "student").status_code == 403


def test_a_token_for_another_organization_opens_nothing(school: School) -> None:
    answer = school.get(STUDENT, school.ada, "student", school.other_org)
    assert (answer.status_code, answer.json()["code"]) == (401, "HR401")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert school.get(ADMIN, school.admin, "admin", 2**62).status_code == 401


def test_an_unknown_person_is_not_authenticated(school: School) -> None:
    assert school.get(STUDENT, UUID(int=1), "student").status_code == 401


def test_deactivation_and_a_lost_role_take_effect_at_once(own_school: School) -> None:
    headers = bearer(token(own_school.ada, own_school.org, "student"))

    def status() -> int:
        return own_school.client.get(STUDENT, headers=headers).status_code

    with own_school.database.connect() as db:
        assert status() == 200
        db.execute("update school.person set is_active = false where id = %s", (own_school.ada,))
        assert status() == 401
        db.execute("update school.person set is_active = true where id = %s", (own_school.ada,))
        assert status() == 200
        db.execute("delete from school.person_role where person_id = %s", (own_school.ada,))
        assert status() == 403


def test_people_who_alternate_on_a_connection_stay_apart(school: School) -> None:
    people = [
        (STUDENT, school.ada, "student"),
        (ADMIN, school.admin, "admin"),
        (STUDENT, school.ben, "student"),
    ]
    first = [school.get(*who).content for who in people]
    assert len(set(first)) == 3
    for _ in range(10):
        assert [school.get(*who).content for who in people] == first
