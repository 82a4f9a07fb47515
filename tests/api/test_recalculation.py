"""Recalculations that an admin asks for: done at once or by the job, for own students, and never twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest

from api.documents import Recalculation
from tests.api.support import RECALCULATE, School, bearer, token
from tests.support import school as build
from tests.support.recount import drift

AT_ONCE = 100
MOST = 1000


def status_of(request: object) -> str:
    """Where an admin asks how far it is."""
    return f"/api/v1/admin/students/performance/recalculations/{request}"


def recalculate(school: School, students: list[UUID]) -> httpx.Response:
    """Ask for it as the school's admin."""
    return school.post(RECALCULATE, school.admin, "admin", {"student_ids": list(map(str, students))})


def outcome(answer: httpx.Response, status: int) -> Recalculation:
    """What was answered, after what holds for every such answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    return msgspec.json.decode(answer.content, type=Recalculation, strict=True)


def refusal(answer: httpx.Response, status: int, field: str | None = None) -> None:
    """The answer is a problem of this status, about this field."""
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["code"] == f"HR{status}"
    assert [error["field"].split("[")[0] for error in problem.get("errors", [])] == [field] * (status == 422)


@pytest.fixture
def db(own_school: School) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session in the own school's database."""
    with own_school.database.connect() as session:
        yield session


def enrolled(db: psycopg.Connection[Any], school: School, number: int) -> list[UUID]:
    """So many students more, each with a quiz completed."""
    quiz = build.make_quiz(db, school.org, school.courses[0])
    students = []
    for _ in range(number):
        student = build.make_person(db, school.org, "student")
        build.enroll(db, school.org, student, school.courses[0])
        build.attempt(db, school.org, quiz, student, 60)
        students.append(student)
    return students


def corrupt(db: psycopg.Connection[Any], *students: UUID) -> int:
    """Let these students' numbers be wrong; in how many rows."""
    return db.execute(
        "update board.student_course_performance set quiz_score_sum = quiz_score_sum + 7, "
        "total_assignments_completed = total_assignments_completed + 1 where student_id = any (%s)",
        (list(students),),
    ).rowcount


def everything(db: psycopg.Connection[Any]) -> list[Any]:
    """What a recalculation may write."""
    return db.execute(
        "select 'kept', to_jsonb(p) from board.student_course_performance as p "
        "union all select 'asked', to_jsonb(r) from ops.recalculation as r "
        "union all select 'delta', to_jsonb(d) from board.work_delta as d order by 1, 2"
    ).fetchall()


def test_up_to_a_hundred_students_are_mended_at_once(own_school: School, db: psycopg.Connection[Any]) -> None:
    students = [*enrolled(db, own_school, AT_ONCE - 2), own_school.ada, own_school.ben]
    before = own_school.get("/api/v1/student/performance", own_school.ada, "student").text
    wrong = corrupt(db, *students)
    assert wrong == AT_ONCE - 2 + 3  # Ada has three courses, Ben none
    assert drift(db) != []
    asked = datetime.now(UTC)

    answer = recalculate(own_school, students)
    found = outcome(answer, 200)
    assert (found.state, found.students, found.differences) == ("finished", AT_ONCE, wrong)
    assert found.finished_at is not None
    assert asked <= found.requested_at <= found.finished_at <= datetime.now(UTC)
    assert "location" not in answer.headers
    assert drift(db) == []
    now = own_school.get("/api/v1/student/performance", own_school.ada, "student").text
    assert now.split('"last_performance_update"')[0] == before.split('"last_performance_update"')[0]

    again = own_school.get(status_of(found.id), own_school.admin, "admin")
    assert again.content == answer.content
    assert outcome(recalculate(own_school, students), 200).differences == 0
    assert db.execute("select requested_by from ops.recalculation").fetchall() == [(own_school.admin,)] * 2


def test_only_those_who_are_named_are_mended(own_school: School, db: psycopg.Connection[Any]) -> None:
    (neighbour,) = enrolled(db, own_school, 1)
    corrupt(db, own_school.ada, neighbour)
    assert outcome(recalculate(own_school, [own_school.ada]), 200).differences == 3
    assert {row[1]["key"]["student_id"] for row in _drifting(db)} == {str(neighbour)}


def _drifting(db: psycopg.Connection[Any]) -> list[Any]:
    return db.execute("select 1, jsonb_build_object('key', key) from ops.drift()").fetchall()


def test_missing_and_superfluous_rows_and_flags_are_mended(
    own_school: School, db: psycopg.Connection[Any]
) -> None:
    first, second, third = own_school.courses
    for change, course in (
        ("delete from board.student_course_performance where course_id = %s", first),
        ("update board.student_course_performance set counted = not counted where course_id = %s", second),
        (
            "update board.student_course_performance set course_id = gen_random_uuid() where course_id = %s",
            third,
        ),
    ):
        assert db.execute(change, (course,)).rowcount == 1
    assert outcome(recalculate(own_school, [own_school.ada]), 200).differences == 4
    assert drift(db) == []


def test_more_are_left_to_the_job(own_school: School, db: psycopg.Connection[Any]) -> None:
    students = enrolled(db, own_school, AT_ONCE + 1)
    wrong = corrupt(db, *students)
    answer = recalculate(own_school, students)
    found = outcome(answer, 202)
    assert (found.state, found.students, found.differences, found.finished_at) == (
        "queued",
        AT_ONCE + 1,
        None,
        None,
    )
    assert answer.headers["location"] == status_of(found.id)
    waiting = own_school.get(answer.headers["location"], own_school.admin, "admin")
    assert waiting.content == answer.content
    assert len(_drifting(db)) == wrong

    db.execute("call ops.run_due_jobs()")  # which notes the jobs of a new organization
    db.execute("update ops.job_run set next_due = now() where job = 'recalculate'")
    db.execute("call ops.run_due_jobs()")
    assert db.execute(
        "select error from ops.job_run where runs > 0 and org_id = %s", (own_school.org,)
    ).fetchone() == (None,)
    done = outcome(own_school.get(answer.headers["location"], own_school.admin, "admin"), 200)
    assert (done.id, done.state, done.students, done.differences) == (
        found.id,
        "finished",
        AT_ONCE + 1,
        wrong,
    )
    assert drift(db) == []


def test_who_would_wait_for_another_is_queued(own_school: School, db: psycopg.Connection[Any]) -> None:
    """A mend that takes long keeps no request: what could be done at once is left to the job."""
    (student,) = enrolled(db, own_school, 1)
    corrupt(db, student)
    with own_school.database.connect(autocommit=False) as mending:
        mending.execute("select ops.mend_students(%s, '{}')", (own_school.org,))
        queued = outcome(recalculate(own_school, [student]), 202)
        assert queued.state == "queued"
    assert db.execute("select board.recalculate_requested(%s)", (own_school.org,)).fetchone() == (1,)
    done = outcome(own_school.get(status_of(queued.id), own_school.admin, "admin"), 200)
    assert (done.state, done.differences) == ("finished", 1)
    assert drift(db) == []


def test_a_flood_is_refused_and_keeps_the_jobs_for_a_second(
    own_school: School, db: psycopg.Connection[Any]
) -> None:
    db.execute(
        "insert into ops.recalculation (org_id, requested_by, student_ids) "
        "select %s, %s, array[%s::uuid] from generate_series(1, 99)",
        (own_school.org, own_school.admin, own_school.ada),
    )
    students = enrolled(db, own_school, AT_ONCE + 1)
    assert outcome(recalculate(own_school, students), 202).state == "queued"
    before = everything(db)
    refusal(recalculate(own_school, [own_school.ada]), 429)
    assert everything(db) == before
    # Each takes most of a second now; the second is full after two, or one that a busy machine delayed.
    db.execute("alter function board.recalculate(bigint, uuid) rename to recalculate_quickly")
    db.execute(
        "create function board.recalculate(bigint, uuid) returns void language sql security definer as "
        "$$ select pg_sleep(0.7); select board.recalculate_quickly($1, $2) $$"
    )
    done = db.execute("select board.recalculate_requested(%s)", (own_school.org,)).fetchone()
    assert done in [(2,), (1,)]


def test_a_thousand_are_the_most(own_school: School, db: psycopg.Connection[Any]) -> None:
    rows = db.execute(
        "insert into school.person (org_id, name) select %s, 'S' from generate_series(1, %s) returning id",
        (own_school.org, MOST),
    ).fetchall()
    everybody = [row[0] for row in rows]
    assert outcome(recalculate(own_school, everybody), 202).students == MOST
    before = everything(db)
    refusal(recalculate(own_school, [*everybody, own_school.ada]), 422, "student_ids")
    assert everything(db) == before
    assert db.execute("select board.recalculate_requested(%s)", (own_school.org,)).fetchone() == (1,)
    assert db.execute("select board.recalculate_requested(%s)", (own_school.org,)).fetchone() == (0,)


def test_the_job_does_its_own_organization_only(own_school: School, db: psycopg.Connection[Any]) -> None:
    found = outcome(recalculate(own_school, enrolled(db, own_school, AT_ONCE + 1)), 202)
    assert db.execute("select board.recalculate_requested(%s)", (own_school.other_org,)).fetchone() == (0,)
    answer = own_school.get(status_of(found.id), own_school.admin, "admin")
    assert outcome(answer, 200).state == "queued"


def test_what_was_done_a_month_ago_is_forgotten(own_school: School, db: psycopg.Connection[Any]) -> None:
    old = outcome(recalculate(own_school, [own_school.ada]), 200).id
    new = outcome(recalculate(own_school, [own_school.ben]), 200).id
    db.execute(
        "update ops.recalculation set requested_at = now() - interval '40 days', "
        "finished_at = now() - interval '31 days' where id = %s",
        (old,),
    )
    db.execute("select board.recalculate_requested(%s)", (own_school.org,))
    refusal(own_school.get(status_of(old), own_school.admin, "admin"), 404)
    assert outcome(own_school.get(status_of(new), own_school.admin, "admin"), 200).id == new


def test_a_student_named_twice_counts_once(own_school: School, db: psycopg.Connection[Any]) -> None:
    corrupt(db, own_school.ada)
    ids = [str(own_school.ada), str(own_school.ada).upper(), str(own_school.ben)] * 300
    answer = own_school.post(RECALCULATE, own_school.admin, "admin", {"student_ids": ids})
    found = outcome(answer, 200)
    assert (found.students, found.differences, found.state) == (2, 3, "finished")
    assert drift(db) == []


def test_one_stranger_among_many_and_nothing_is_done(own_school: School, db: psycopg.Connection[Any]) -> None:
    students = enrolled(db, own_school, 3)
    corrupt(db, *students)
    before = everything(db)
    for stranger in (own_school.other_student, own_school.other_admin, uuid4(), UUID(int=0)):
        refusal(recalculate(own_school, [*students, stranger]), 404)
        refusal(recalculate(own_school, [stranger]), 404)
    assert everything(db) == before


@pytest.mark.parametrize(
    "body",
    [
        {"student_ids": []},
        {"student_ids": None},
        {"student_ids": "00000000-0000-0000-0000-000000000000"},
        {"student_ids": ["1"]},
        {"student_ids": [1]},
        {"student_ids": [None]},
        {"student_ids": [["00000000-0000-0000-0000-000000000000"]]},
        {"student_ids": ["00000000-0000-0000-0000-000000000000", "}"]},
        {"student_ids": ["{00000000-0000-0000-0000-000000000000}"]},
        {"student_ids": ["00000000-0000-0000-0000-000000000000,NULL"]},
        {"student_ids": ["');delete from school.person;--"]},
        {"student_ids": ["\0"]},
        {},
    ],
    ids=str,
)
def test_a_wrong_body_is_refused_by_name(school: School, body: Any) -> None:
    refusal(school.post(RECALCULATE, school.admin, "admin", body), 422, "student_ids")


def test_a_field_that_there_is_not_is_refused_by_name(school: School) -> None:
    refusal(school.post(RECALCULATE, school.admin, "admin", {"students": [str(school.ada)]}), 422, "students")
    body = {"student_ids": [str(school.ada)], "org_id": school.other_org}
    refusal(school.post(RECALCULATE, school.admin, "admin", body), 422, "org_id")


@pytest.mark.parametrize("content", ["", "[]", "null", "5"])
def test_a_body_that_is_no_object_is_told_what_it_has_to_be(school: School, content: str) -> None:
    headers = bearer(token(school.admin, school.org, "admin")) | {"Content-Type": "application/json"}
    answer = school.client.post(RECALCULATE, headers=headers, content=content)
    refusal(answer, 422, "body")
    assert answer.json()["errors"][0]["message"] == "a JSON object is required"


@pytest.mark.parametrize(
    ("content", "kind", "statuses"),
    [
        (b"", "application/json", {400, 422}),
        (b"{", "application/json", {400}),
        (b"[]", "application/json", {422}),
        (b"null", "application/json", {422}),
        (b'"x"', "application/json", {422}),
        (b'{"student_ids": ["\xff"]}', "application/json", {400}),
        (b"[" * 100_000, "application/json", {400, 413, 422}),
        (b'{"student_ids": ["%s"]}', "text/plain", {415}),
        (b"student_ids=%s", "application/x-www-form-urlencoded", {415}),
        (b'{"student_ids": ["%s"]}', "", {415}),
        (b'{"student_ids": ["' + b"a" * 20_000_000 + b'"]}', "application/json", {413}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_none_is_refused(
    school: School, content: bytes, kind: str, statuses: set[int]
) -> None:
    headers = bearer(token(school.admin, school.org, "admin")) | ({"Content-Type": kind} if kind else {})
    answer = school.client.post(
        RECALCULATE, headers=headers, content=content.replace(b"%s", str(school.ada).encode())
    )
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == f"HR{answer.status_code}"


def test_refused_requests_wrote_nothing(school: School) -> None:
    with school.database.connect() as db:
        assert db.execute("select count(*) from ops.recalculation").fetchone() == (0,)
        assert db.execute("select count(*) from school.person").fetchone() == (9,)


@pytest.mark.parametrize(
    "role", ["student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "service"]
)
def test_it_is_for_admins(own_school: School, db: psycopg.Connection[Any], role: str) -> None:
    person = build.make_person(db, own_school.org, role)
    done = outcome(recalculate(own_school, [own_school.ada]), 200).id
    body = {"student_ids": [str(own_school.ada)]}
    refusal(own_school.post(RECALCULATE, person, role, body), 403)
    refusal(own_school.get(status_of(done), person, role), 403)
    refusal(own_school.post(RECALCULATE, person, "admin", body), 403)
    assert db.execute("select count(*) from ops.recalculation").fetchone() == (1,)


def test_it_needs_a_token(school: School) -> None:
    body = {"student_ids": [str(school.ada)]}
    refusal(school.client.post(RECALCULATE, json=body), 401)
    refusal(school.client.get(status_of(uuid4())), 401)


@pytest.mark.parametrize("request_id", [str(UUID(int=0)), "1", "';--", "%00"])
def test_a_recalculation_that_there_is_not(school: School, request_id: str) -> None:
    refusal(school.get(status_of(request_id), school.admin, "admin"), 404)


def test_another_organization_cannot_see_it(own_school: School) -> None:
    done = outcome(recalculate(own_school, [own_school.ada]), 200).id
    there = own_school.get(status_of(done), own_school.other_admin, "admin", own_school.other_org)
    refusal(there, 404)
    assert outcome(own_school.get(status_of(done), own_school.admin, "admin"), 200).id == done


def test_two_admins_at_once_do_not_mend_twice(own_school: School, db: psycopg.Connection[Any]) -> None:
    """The second comes while the first has added and is not through: it must not add the same again."""
    corrupt(db, own_school.ada)
    claims = {"sub": str(own_school.admin), "org": own_school.org, "role": "admin"}
    with own_school.database.connect("homeroom_api", autocommit=False) as first:
        first.execute(
            "select api.admin_recalculate(%s, %s)",
            (msgspec.json.encode(claims).decode(), [own_school.ada]),
        )
        second = outcome(recalculate(own_school, [own_school.ada, own_school.ben]), 202)
        first.commit()
    db.execute("select board.recalculate_requested(%s)", (own_school.org,))
    assert outcome(own_school.get(status_of(second.id), own_school.admin, "admin"), 200).differences == 0
    assert drift(db) == []


def test_many_admins_and_writers_at_once_leave_no_drift(
    own_school: School, db: psycopg.Connection[Any]
) -> None:
    students = enrolled(db, own_school, 20)
    corrupt(db, *students)
    stop = threading.Event()

    def write() -> int:
        writes = 0
        with own_school.database.connect() as session:
            while not stop.is_set():
                writes += 1
                session.execute(
                    "update school.quiz_attempt set score = %s where student_id = %s",
                    (writes % 100, students[writes % 20]),
                )
        return writes

    with ThreadPoolExecutor(6) as threads:
        writer = threads.submit(write)
        try:
            for _ in range(5):
                corrupt(db, *students[::3])
                asked = [threads.submit(recalculate, own_school, students) for _ in range(4)]
                assert {answer.result(60).status_code for answer in asked} <= {200, 202}
        finally:
            stop.set()
        assert writer.result(30) > 20
    while db.execute("select board.recalculate_requested(%s)", (own_school.org,)).fetchone() != (0,):
        pass
    assert outcome(recalculate(own_school, students), 200).differences == 0
    assert drift(db) == []
