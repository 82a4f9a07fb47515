"""The performance aggregates: the seed's example, and exactness while several sessions write at once."""

import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import school
from tests.support.recount import drift
from tests.support.servers import Database

Session = psycopg.Connection[Any]
RETRIED = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
)


def _own_performance(database: Database, org: int, student: UUID) -> dict[str, Any]:
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    with database.connect("homeroom_api") as session:
        row = session.execute("select (api.student_performance(%s)).document", (claims,)).fetchone()
        assert row
        profile: dict[str, Any] = json.loads(row[0], parse_float=str)["student_profile"]
        return profile


def test_the_seeds_worked_example(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
        for quizzes, quiz_average, assignments, assignment_average in (
            (3, 80, 5, 75),
            (2, 90, 3, 88),
            (5, 85, 0, 0),
        ):
            course = school.make_course(db, org)
            school.enroll(db, org, student, course)
            for _ in range(quizzes):
                school.attempt(db, org, school.make_quiz(db, org, course), student, quiz_average)
            for _ in range(assignments):
                school.submit(db, org, school.make_assignment(db, org, course), student, assignment_average)
    profile = _own_performance(database, org, student)
    assert profile.pop("last_performance_update").endswith("Z")
    assert profile == {
        "total_quizzes_completed": 10,
        "total_assignments_completed": 8,
        "overall_quiz_average_score": "84.50",
        "overall_assignment_average_score": "79.88",
        "overall_average_score": "82.44",
    }


def test_a_student_without_work_has_zeros_and_nulls(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
    assert _own_performance(database, org, student) == {
        "total_quizzes_completed": 0,
        "total_assignments_completed": 0,
        "overall_quiz_average_score": None,
        "overall_assignment_average_score": None,
        "overall_average_score": None,
        "last_performance_update": None,
    }


def _add_graded(session: Session, org: int, student: UUID, assignment: UUID, course: UUID) -> None:
    session.execute(
        "insert into school.submission (org_id, assignment_id, course_id, student_id, grade, graded_at) "
        "values (%s, %s, %s, %s, 80, now())",
        (org, assignment, course, student),
    )


CHANGES: dict[str, str] = {
    "drop": "update school.enrollment set status = 'dropped' where student_id = %(student)s",
    "re-enroll": "update school.enrollment set status = 'active' where student_id = %(student)s",
    "unenroll": "delete from school.enrollment where student_id = %(student)s",
    "regrade": "update school.submission set grade = 55 where student_id = %(student)s and grade is not null",
    "delete the assignment": "delete from school.assignment where id = %(old)s",
    "move the assignment": "update school.assignment set course_id = %(elsewhere)s where id = %(old)s",
    "delete the course": "delete from school.course where id = %(course)s",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fact_first", [True, False], ids=["fact first", "change first"])
@pytest.mark.parametrize("was", ["active", "dropped"])
def test_an_open_fact_meets_a_change(database: Database, change: str, fact_first: bool, was: str) -> None:
    """One session's transaction is open while the other runs; whichever waits, nothing is lost or doubled."""
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
        course, elsewhere = school.make_course(db, org), school.make_course(db, org)
        school.enroll(db, org, student, course, was)
        old, new = (school.make_assignment(db, org, course) for _ in range(2))
        school.submit(db, org, old, student, 70)
        names = {"student": student, "course": course, "elsewhere": elsewhere, "old": old}

        def fact(session: Session) -> None:
            _add_graded(session, org, student, new, course)

        def other(session: Session) -> None:
            session.execute(CHANGES[change], names)

        first, second = (fact, other) if fact_first else (other, fact)
        _interleave(database, first, second)
        assert drift(db) == []


def _interleave(
    database: Database, first: Callable[[Session], None], second: Callable[[Session], None]
) -> None:
    """Run `second` while `first` is done but not committed; then commit both, as far as they may."""
    with database.connect(autocommit=False) as one, database.connect(autocommit=False) as two:
        first(one)

        def run() -> None:
            try:
                second(two)
                two.commit()
            except RETRIED:
                two.rollback()

        thread = threading.Thread(target=run)
        thread.start()
        _until_blocked_or_done(database, two.info.backend_pid, thread)
        one.commit()
        thread.join(60)
        assert not thread.is_alive()


def _until_blocked_or_done(database: Database, pid: int, thread: threading.Thread) -> None:
    with database.connect() as db:
        while thread.is_alive():
            if db.execute("select cardinality(pg_blocking_pids(%s))", (pid,)).fetchone() != (0,):
                return
            time.sleep(0.002)


def _random_operation(session: Session, dice: random.Random, org: int) -> None:
    """One random change among few students, courses and works, so that sessions meet often."""

    def some(table: str, n: int = 1) -> str:
        shuffled = f"select id from school.{table} where org_id = %(org)s order by md5(id::text || %(dice)s)"
        return f"({shuffled} limit {n})"

    student, course = some("person"), some("course")
    statements = [
        f"insert into school.submission (org_id, assignment_id, course_id, student_id, grade, graded_at) "
        f"select a.org_id, a.id, a.course_id, {student}, %(score)s, now() from school.assignment a "
        f"where a.org_id = %(org)s and a.id in {some('assignment', 3)} on conflict do nothing",
        f"insert into school.quiz_attempt (org_id, quiz_id, course_id, student_id, completed_at, score) "
        f"select q.org_id, q.id, q.course_id, {student}, now(), nullif(%(score)s, 50) from school.quiz q "
        f"where q.org_id = %(org)s and q.id in {some('quiz', 2)}",
        f"update school.submission set grade = %(score)s, graded_at = now() "
        f"where org_id = %(org)s and id in {some('submission', 4)}",
        f"update school.submission set grade = null, graded_at = null "
        f"where org_id = %(org)s and id in {some('submission', 2)}",
        f"update school.quiz_attempt set score = %(score)s, student_id = {student} "
        f"where org_id = %(org)s and id in {some('quiz_attempt', 2)}",
        f"delete from school.submission where org_id = %(org)s and id in {some('submission', 3)}",
        f"update school.enrollment set status = %(status)s where org_id = %(org)s and student_id = {student}",
        f"delete from school.enrollment where org_id = %(org)s and course_id = {course}",
        f"insert into school.enrollment (org_id, student_id, course_id, status) "
        f"values (%(org)s, {student}, {course}, %(status)s) on conflict (org_id, student_id, course_id) "
        f"do update set status = excluded.status",
        f"update school.assignment set course_id = {course} "
        f"where org_id = %(org)s and id in {some('assignment', 1)}",
        f"delete from school.quiz where %(score)s > 90 and org_id = %(org)s and id in {some('quiz', 1)}",
    ]
    session.execute(
        dice.choice(statements),
        {
            "org": org,
            "dice": str(dice.random()),
            "score": dice.randrange(0, 101),
            "status": dice.choice(["active", "completed", "dropped"]),
        },
    )


def test_random_changes_from_several_sessions_leave_no_drift(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        for _ in range(5):
            school.make_person(db, org, "student")
        for _ in range(3):
            course = school.make_course(db, org)
            for _ in range(4):
                school.make_assignment(db, org, course)
                school.make_quiz(db, org, course)
        done = [0] * 6

        def run(number: int) -> None:
            dice = random.Random(number)
            # They deadlock now and then, as such statements do, and try something else.
            with database.connect(autocommit=False, options="-c deadlock_timeout=10ms") as session:
                for _ in range(150):
                    try:
                        for _ in range(dice.choice([1, 1, 1, 3])):
                            _random_operation(session, dice, org)
                        if dice.random() < 0.1:
                            session.rollback()
                        else:
                            session.commit()
                            done[number] += 1
                    except RETRIED:
                        session.rollback()

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(done))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads)
        assert min(done) > 50
        assert drift(db) == []
        kept = db.execute("select count(*) from board.student_course_performance").fetchone()
        assert kept and kept[0] > 0, "the run left nothing to compare"


def test_one_statement_over_many_students_and_back(database: Database) -> None:
    with database.connect() as db:
        org_row = db.execute("select ops.seed_school('Many', 300, '2026-01-15')").fetchone()
        assert org_row and drift(db) == []
        db.execute("update school.submission set grade = grade / 2 where grade is not null")
        assert drift(db) == []
        db.execute("update school.quiz_attempt set score = null where score > 70")
        db.execute("update school.enrollment set status = 'dropped' where md5(student_id::text) < '8'")
        assert drift(db) == []
        db.execute("delete from school.person where md5(id::text) < '3'")
        assert drift(db) == []
        db.execute("delete from school.course")
        assert drift(db) == []
        for table in ("student_performance", "student_course_performance"):
            assert db.execute(f"select count(*) from board.{table}").fetchone() == (0,)


@pytest.mark.parametrize(
    "table", ["school.enrollment", "school.submission", "school.quiz_attempt", "school.person_role"]
)
@pytest.mark.parametrize(
    "statement",
    [
        "with gone as (delete from {0} where {1} returning *) insert into {0} select * from gone",
        # Not read to its end, the delete is finished after the insert, and its triggers fire last.
        "with gone as (delete from {0} where {1} returning *) insert into {0} select * from gone limit 1",
    ],
)
def test_one_statement_that_takes_away_and_gives_back(database: Database, table: str, statement: str) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        course, student = school.make_course(db, org), school.make_person(db, org, "student")
        school.enroll(db, org, student, course)
        school.submit(db, org, school.make_assignment(db, org, course), student, 80)
        school.attempt(db, org, school.make_quiz(db, org, course), student, 90)
        row = f"{'person_id' if table == 'school.person_role' else 'student_id'} = '{student}'"
        db.execute(statement.format(table, row).encode())
        assert db.execute(f"select count(*) from {table} where {row}".encode()).fetchone() == (1,)
        assert drift(db) == []
        assert db.execute("select * from ops.drift()").fetchall() == []


def test_the_synthetic_school_is_the_same_every_time(database: Database) -> None:
    digest = """select md5(string_agg(md5(r::text), '' order by md5(r::text))) from (
        select id::text, name, 0.0 from school.person
        union all select assignment_id::text, student_id::text, grade from school.submission
        union all select student_id::text, agent_type, duration_ms from school.interaction
    ) as r"""
    found = set()
    with database.connect() as db:
        for _ in range(2):
            with db.transaction(force_rollback=True):
                db.execute("select ops.seed_school('Twin', 40, '2026-01-15')")
                found.add(db.execute(digest).fetchone())
        with db.transaction(force_rollback=True):
            db.execute("select ops.seed_school('Other', 40, '2026-01-15')")
            found.add(db.execute(digest).fetchone())
    assert len(found) == 2
