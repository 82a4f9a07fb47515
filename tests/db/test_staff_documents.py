"""What a teacher's, a tutor's and a parent's dashboard say: by hand, and what each counts as oneself.

Tests by hand are one transaction, so that its now() stands still.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import school
from tests.support.desk import DAY, HOUR, MINUTE, Desk
from tests.support.servers import Database


@pytest.fixture
def teacher(desk: Desk) -> UUID:
    """A teacher at the student's school."""
    return school.make_person(desk.db, desk.org, "teacher", name="tom")


def dashboard(desk: Desk, role: str, person: UUID) -> dict[str, Any]:
    """The row that would be stored: document, scopes, fresh_until."""
    row = desk.db.execute(
        "select to_jsonb(d) from board.dashboard_documents(%s, %s, array[%s]) as d", (desk.org, role, person)
    ).fetchone()
    assert row
    found: dict[str, Any] = row[0]
    return found


def reasons(desk: Desk, teacher: UUID) -> Any:
    """Why the student needs attention: {reason: value}; None where not."""
    attention = dashboard(desk, "teacher", teacher)["document"]["students_needing_attention"]
    assert attention["total"] == len(attention["students"])
    if not attention["students"]:
        return None
    (needing,) = attention["students"]
    return {reason["reason"]: reason["value"] for reason in needing["reasons"]}


def test_a_teacher_without_courses(desk: Desk, teacher: UUID) -> None:
    row = dashboard(desk, "teacher", teacher)
    assert row["document"] == {
        "metrics": dict.fromkeys(
            ("pending_submissions", "ungraded_submissions", "active_students", "total_assignments"), 0
        ),
        "courses": [],
        "assignments": [],
        "students_needing_attention": {"total": 0, "students": []},
        "latest_submissions": [],
    }
    assert row["scopes"] == []


def test_a_teachers_document(desk: Desk, teacher: UUID) -> None:
    db, org, ann = desk.db, desk.org, desk.student
    course = school.make_course(db, org, "ALG", teacher=teacher)
    other = school.make_course(db, org, "GEO")
    ben, gone = (school.make_person(db, org, "student", name=name) for name in ("ben", "gus"))
    for student, status in ((ann, "active"), (ben, "active"), (gone, "dropped")):
        school.enroll(db, org, student, course, status)
    soon, late = desk.now + 2 * DAY, desk.now + 9 * DAY
    sets = school.make_assignment(db, org, course, title="sets", due_at=soon)
    rings = school.make_assignment(db, org, course, title="rings", due_at=late, status="draft")
    notes = school.make_assignment(db, org, course, title="notes")
    elsewhere = school.make_assignment(db, org, other, title="maps")
    graded = school.submit(db, org, sets, ann, 80.555, submitted_at=desk.now - HOUR, graded_at=desk.now)
    waiting = school.submit(db, org, sets, ben, submitted_at=desk.now - 2 * HOUR)
    dropped = school.submit(db, org, notes, gone, 20, submitted_at=desk.now - 3 * HOUR, graded_at=desk.now)
    school.submit(db, org, notes, ben, submitted_at=None)
    school.submit(db, org, elsewhere, ann, 10)
    quiz = school.make_quiz(db, org, course)
    school.attempt(db, org, quiz, ann, 90, completed_at=desk.now - HOUR)

    row = dashboard(desk, "teacher", teacher)
    document = row["document"]
    assert document["metrics"] == {
        "pending_submissions": 1, "ungraded_submissions": 1, "active_students": 3, "total_assignments": 3,
    }  # fmt: skip
    assert document["courses"] == [
        # Of what counts: 80.555 and 90; who has dropped the course has taken the work along.
        {"id": str(course), "code": "ALG", "title": "About ALG", "active_students": 2, "average": 85.28}
    ]
    head = {"course_id": str(course)}
    assert document["assignments"] == [
        {
            **head, "id": str(rings), "title": "rings", "status": "draft", "due_date": desk.utc(late),
            "submitted": 0, "graded": 0, "pending": 0, "ungraded": 0, "average": None,
        },
        {
            **head, "id": str(sets), "title": "sets", "status": "published", "due_date": desk.utc(soon),
            "submitted": 2, "graded": 1, "pending": 0, "ungraded": 1, "average": 80.56,
        },
        {
            **head, "id": str(notes), "title": "notes", "status": "published", "due_date": None,
            "submitted": 1, "graded": 1, "pending": 1, "ungraded": 0, "average": 20,
        },
    ]  # fmt: skip
    assert [
        (s["id"], s["student"]["name"], s["assignment"]["title"], s["grade"], s["submitted_at"])
        for s in document["latest_submissions"]
    ] == [
        (str(graded), "ann", "sets", 80.56, desk.utc(desk.now - HOUR)),
        (str(waiting), "ben", "sets", None, desk.utc(desk.now - 2 * HOUR)),
        (str(dropped), "gus", "notes", 20, desk.utc(desk.now - 3 * HOUR)),
    ]
    assert set(row["scopes"]) == {str(id) for id in (course, ann, ben, gone)}


def test_a_tutors_document_is_of_the_own_students(desk: Desk) -> None:
    db, org, ann = desk.db, desk.org, desk.student
    tutor = school.make_person(db, org, "tutor", name="tia")
    school.make_tutor(db, org, tutor, ann)
    course, other = school.make_course(db, org, "ALG"), school.make_course(db, org, "GEO")
    ben = school.make_person(db, org, "student", name="ben")
    school.enroll(db, org, ann, course)
    school.enroll(db, org, ben, course)
    school.enroll(db, org, ann, other, "dropped")
    sets = school.make_assignment(db, org, course, title="sets")
    school.make_assignment(db, org, course, title="rings", status="draft")
    maps = school.make_assignment(db, org, other, title="maps")
    school.submit(db, org, sets, ann, 70)
    school.submit(db, org, sets, ben, 50)
    school.submit(db, org, maps, ann, submitted_at=None)
    document = dashboard(desk, "tutor", tutor)["document"]
    assert document["metrics"] == {
        "pending_submissions": 1, "ungraded_submissions": 0, "active_students": 1, "total_assignments": 1,
    }  # fmt: skip
    assert [(c["code"], c["active_students"], c["average"]) for c in document["courses"]] == [("ALG", 1, 70)]
    assert [(a["title"], a["submitted"], a["average"]) for a in document["assignments"]] == [("sets", 1, 70)]
    assert [s["student"]["name"] for s in document["latest_submissions"]] == ["ann"]


def test_overdue(desk: Desk, teacher: UUID) -> None:
    db, org = desk.db, desk.org
    course = school.make_course(db, org, teacher=teacher)
    school.enroll(db, org, desk.student, course)
    for past in (DAY, HOUR):
        school.make_assignment(db, org, course, due_at=desk.now - past)
    school.make_assignment(db, org, course, due_at=desk.now - DAY, status="closed")
    school.make_assignment(db, org, course, due_at=desk.now + DAY)
    assert reasons(desk, teacher) == {"overdue": 2}
    this_instant = school.make_assignment(db, org, course, due_at=desk.now)
    assert reasons(desk, teacher) == {"overdue": 3}
    late = school.submit(db, org, this_instant, desk.student, submitted_at=desk.now)
    assert reasons(desk, teacher) == {"overdue": 2}
    db.execute("update school.submission set submitted_at = null where id = %s", (late,))
    assert reasons(desk, teacher) == {"overdue": 3}, "assigned is not handed in"
    db.execute("update ops.setting set value = 4 where name = 'attention_overdue'")
    assert reasons(desk, teacher) is None


def test_a_low_average(desk: Desk, teacher: UUID) -> None:
    db, org = desk.db, desk.org
    course, other = school.make_course(db, org, teacher=teacher), school.make_course(db, org)
    for of, grade in ((course, 60), (other, 0)):
        school.enroll(db, org, desk.student, of)
        school.submit(
            db, org, school.make_assignment(db, org, of), desk.student, grade,
            submitted_at=desk.now, graded_at=desk.now,
        )  # fmt: skip
    assert reasons(desk, teacher) is None, "60 is not below 60, and the other course is another's"
    db.execute("update school.submission set grade = 59.99 where course_id = %s", (course,))
    assert reasons(desk, teacher) == {"low_average": 59.99}
    db.execute("update school.enrollment set status = 'completed'")
    assert reasons(desk, teacher) is None, "only who is active"


@pytest.mark.parametrize("kind", ["submission", "quiz", "enrollment"])
def test_inactive(desk: Desk, teacher: UUID, kind: str) -> None:
    db, org, ann = desk.db, desk.org, desk.student
    course = school.make_course(db, org, teacher=teacher)
    school.enroll(db, org, ann, course)
    assert reasons(desk, teacher) is None, "nobody knows since when"
    today, _, _ = desk.clock()
    for days, expected in ((13, None), (14, {"inactive": 14})):
        moment = desk.now - days * DAY
        if kind == "enrollment":
            db.execute("update school.enrollment set enrolled_on = %s", (today - timedelta(days),))
        elif kind == "submission":
            db.execute("delete from school.submission")
            school.submit(db, org, school.make_assignment(db, org, course), ann, submitted_at=moment)
        else:
            db.execute("delete from school.quiz_attempt")
            school.attempt(db, org, school.make_quiz(db, org, course), ann, completed_at=moment)
        assert reasons(desk, teacher) == expected


def test_declining_in_this_course(desk: Desk, teacher: UUID) -> None:
    db, org, ann = desk.db, desk.org, desk.student
    course, other = (school.make_course(db, org, teacher=t) for t in (teacher, None))
    for of, grades in ((course, (100, 80, 60)), (other, (60, 80, 100))):
        school.enroll(db, org, ann, of)
        for days, grade in zip((2, 1, 0), grades, strict=True):
            school.submit(
                db, org, school.make_assignment(db, org, of), ann, grade,
                submitted_at=desk.now, graded_at=desk.now - days * DAY,
            )  # fmt: skip
    # The average was 100, then 90, then 80.
    assert reasons(desk, teacher) == {"declining": -10}
    db.execute("update ops.setting set value = 10 where name = 'trend_threshold'")
    assert reasons(desk, teacher) is None


def test_twenty_and_a_hundred_at_most(desk: Desk, teacher: UUID) -> None:
    db, org = desk.db, desk.org
    course = school.make_course(db, org, teacher=teacher)
    for _ in range(25):
        school.enroll(db, org, school.make_person(db, org, "student"), course)
    for number in range(105):
        school.make_assignment(db, org, course, due_at=desk.now - number * HOUR, title=f"Work {number}")
    document = dashboard(desk, "teacher", teacher)["document"]
    attention = document["students_needing_attention"]
    assert (attention["total"], len(attention["students"])) == (25, 20)
    assert [a["title"] for a in document["assignments"]] == [f"Work {number}" for number in range(100)]
    for assignment in db.execute("select id from school.assignment order by due_at limit 12").fetchall():
        school.submit(db, org, assignment[0], UUID(attention["students"][0]["student"]["id"]))
    assert len(dashboard(desk, "teacher", teacher)["document"]["latest_submissions"]) == 10


def test_when_time_changes_it(desk: Desk, teacher: UUID) -> None:
    db, org = desk.db, desk.org
    course = school.make_course(db, org, teacher=teacher)
    school.enroll(db, org, desk.student, course)
    parent, tutor = (school.make_person(db, org, role) for role in ("parent", "tutor"))
    school.make_guardian(db, org, parent, desk.student)
    school.make_tutor(db, org, tutor, desk.student)
    everybody = (("teacher", teacher), ("tutor", tutor), ("parent", parent))

    def fresh_until() -> set[datetime]:
        rows = (dashboard(desk, role, person) for role, person in everybody)
        return {datetime.fromisoformat(row["fresh_until"]) for row in rows}

    assert fresh_until() == {desk.now + 15 * MINUTE}
    school.make_assignment(db, org, course, due_at=desk.now + 5 * MINUTE)
    assert fresh_until() == {desk.now + 5 * MINUTE}
    desk.let_it_be(24 * 60 - 3)
    _, midnight, _ = desk.clock()
    assert fresh_until() == {midnight}


# --- Under the own login: every person of a synthetic school

COUNTED: dict[str, str] = {
    "metrics": """
        select jsonb_build_object(
            'pending_submissions', count(*) filter (where grade is null and submitted_at is null),
            'ungraded_submissions', count(*) filter (where grade is null and submitted_at is not null),
            'active_students', count(distinct student_id),
            'total_assignments', (select count(*) from school.assignment)
        ) from school.submission
    """,
    "courses": """
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', c.id, 'code', c.code, 'title', c.title,
            'active_students', (
                select count(*) from school.enrollment as e where e.course_id = c.id and e.status = 'active'
            ),
            'average', (
                select round(avg(w.score), 2)
                from (
                    select course_id, student_id, grade as score from school.submission
                    union all
                    select course_id, student_id, score from school.quiz_attempt
                    where completed_at is not null
                ) as w
                join school.enrollment as e using (course_id, student_id)
                where w.course_id = c.id and e.status <> 'dropped'
            )
        ) order by c.code, c.id), '[]') from school.course as c
    """,
    "assignments": """
        select coalesce(jsonb_agg(a.said order by a.due_at desc nulls last, a.id), '[]') from (
            select a.due_at, a.id, jsonb_build_object(
                'id', a.id, 'course_id', a.course_id, 'title', a.title, 'status', a.status,
                'due_date', board.utc(a.due_at),
                'submitted', count(s.id) filter (where s.submitted_at is not null or s.grade is not null),
                'graded', count(s.grade),
                'pending', count(s.id) filter (where s.submitted_at is null and s.grade is null),
                'ungraded', count(s.id) filter (where s.submitted_at is not null and s.grade is null),
                'average', round(avg(s.grade), 2)
            ) as said
            from school.assignment as a
            left join school.submission as s on s.assignment_id = a.id
            group by a.org_id, a.id order by a.due_at desc nulls last, a.id limit 100
        ) as a
    """,
    "latest_submissions": """
        select coalesce(jsonb_agg(l.said order by l.submitted_at desc, l.id), '[]') from (
            select s.submitted_at, s.id, jsonb_build_object(
                'id', s.id, 'student', jsonb_build_object('id', p.id, 'name', p.name),
                'assignment', jsonb_build_object('id', a.id, 'title', a.title), 'course_id', s.course_id,
                'submitted_at', board.utc(s.submitted_at), 'grade', round(s.grade, 2)
            ) as said
            from school.submission as s
            join school.person as p on p.id = s.student_id
            join school.assignment as a on a.id = s.assignment_id
            where s.submitted_at is not null order by s.submitted_at desc, s.id limit 10
        ) as l
    """,
}
"""Plain queries: whoever asks, row-level security says of what."""

OVERDUE = """
select e.student_id, e.course_id, count(*)
from school.enrollment as e
join school.assignment as a using (course_id)
where e.status = 'active' and a.status = 'published' and a.due_at <= now() and not exists (
    select from school.submission as s where s.assignment_id = a.id and s.student_id = e.student_id
        and (s.submitted_at is not null or s.grade is not null)
)
group by 1, 2 having count(*) >= 2
"""

CHILDREN = """
select coalesce(jsonb_agg(jsonb_build_object(
    'id', p.id, 'name', p.name,
    'courses', (
        select coalesce(jsonb_agg(jsonb_build_array(c.id, e.status) order by c.code, c.id), '[]')
        from school.enrollment as e join school.course as c on c.id = e.course_id where e.student_id = p.id
    ),
    'quizzes', (
        select coalesce(sum(w.total_quizzes_completed), 0) from board.student_performance as w
        where w.student_id = p.id
    ),
    'graded', (
        select w.id from (
            select a.id, s.graded_at, 'assignment' as kind from school.submission as s
            join school.assignment as a on a.id = s.assignment_id
            where s.student_id = p.id and s.grade is not null
            union all
            select q.id, t.completed_at, 'quiz' from school.quiz_attempt as t
            join school.quiz as q on q.id = t.quiz_id
            where t.student_id = p.id and t.completed_at is not null and t.score is not null
        ) as w order by w.graded_at desc, w.kind, w.id limit 1
    ),
    'trend', board.trend(p.id)
) order by p.name, p.id), '[]')
from school.person as p where p.id <> (select auth.person_id())
"""


@pytest.fixture(scope="module")
def api(synthetic: Database) -> Iterator[psycopg.Connection[Any]]:
    """The API's login on a synthetic school, in which some have dropped courses and some work is a draft."""
    with synthetic.connect() as db:
        db.execute("update school.enrollment set status = 'dropped' where hashtext(student_id::text) % 7 = 0")
        # The school is of some winter: its work is made to be of the last days.
        db.execute(
            "update school.submission set graded_at = graded_at + (now() - (select max(graded_at) "
            "from school.submission)) where graded_at is not null"
        )
        db.execute("update ops.setting set value = 0.01 where name = 'trend_threshold'")
        db.execute("update school.assignment set status = 'draft' where hashtext(id::text) % 9 = 0")
        db.execute(
            "insert into school.tutor_student (org_id, tutor_id, student_id) "
            "select t.org_id, t.person_id, s.person_id from school.person_role as t "
            "join school.person_role as s on s.org_id = t.org_id and s.role = 'student' "
            "and hashtext(t.person_id::text || s.person_id) % 5 = 0 where t.role = 'tutor' "
            "and t.person_id <> s.person_id "
            "on conflict do nothing"
        )
    with synthetic.connect("homeroom_api", autocommit=False) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def _people(database: Database, role: str) -> list[tuple[int, UUID]]:
    with database.connect() as db:
        return db.execute(
            "select org_id, person_id from school.person_role where role = %s order by 1, 2 limit 25", (role,)
        ).fetchall()


def _said(api: psycopg.Connection[Any], org: int, role: str, person: UUID) -> dict[str, Any]:
    """The dashboard; from then on the transaction acts as that person."""
    claims = json.dumps({"sub": str(person), "org": org, "role": role})
    row = api.execute(f"select (api.{role}_dashboard(%s)).document::jsonb".encode(), (claims,)).fetchone()
    assert row
    said: dict[str, Any] = row[0]
    return said


@pytest.mark.parametrize("role", ["teacher", "tutor"])
def test_the_document_says_what_the_person_counts(
    synthetic: Database, api: psycopg.Connection[Any], role: str
) -> None:
    people = _people(synthetic, role)
    assert len(people) > 1
    filled = dict.fromkeys(COUNTED, 0)
    overdue_seen = 0
    for org, person in people:
        with api.transaction():
            said = _said(api, org, role, person)
            for part, query in COUNTED.items():
                counted = api.execute(query.encode()).fetchone()
                assert counted and said[part] == counted[0], (role, part)
                filled[part] += bool(counted[0])
            overdue = {(str(s), str(c)): n for s, c, n in api.execute(OVERDUE.encode()).fetchall()}
        for needing in said["students_needing_attention"]["students"]:
            for reason in needing["reasons"]:
                if reason["reason"] == "overdue":
                    key = (needing["student"]["id"], needing["course_id"])
                    assert overdue[key] == reason["value"]
                    overdue_seen += 1
        assert said["students_needing_attention"]["total"] >= len(overdue)
    assert min(filled.values()) > 0
    assert overdue_seen > 0


def test_a_parents_document_says_what_the_parent_counts(
    synthetic: Database, api: psycopg.Connection[Any]
) -> None:
    seen = 0
    for org, person in _people(synthetic, "parent"):
        with api.transaction():
            said = _said(api, org, "parent", person)
            counted = api.execute(CHILDREN.encode()).fetchone()
        assert counted
        assert [
            {
                "id": child["student"]["id"],
                "name": child["student"]["name"],
                "courses": [[c["course"]["id"], c["status"]] for c in child["courses"]],
                "quizzes": child["student_profile"]["total_quizzes_completed"],
                "graded": (child["last_graded_work"] or {}).get("id"),
                "trend": child["trend"],
            }
            for child in said["children"]
        ] == counted[0]
        seen += len(counted[0])
    assert seen > 10


def test_trends_are_what_a_students_own_trend_says(synthetic: Database, api: psycopg.Connection[Any]) -> None:
    with synthetic.connect() as db:
        org, students = db.execute(
            "select org_id, array_agg(person_id) from school.person_role where role = 'student' group by 1"
        ).fetchone() or (0, [])
        trends = dict(
            db.execute("select student_id, trend from board.trends(%s, %s)", (org, students)).fetchall()
        )
    seen = set()
    for student in students[:60]:
        claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
        with api.transaction():
            api.execute("select api.feed_topics(%s)", (claims,))
            (own,) = api.execute("select board.trend(%s)", (student,)).fetchone() or (None,)
        assert trends.get(student, "steady") == own
        seen.add(own)
    assert len(seen) == 3
