"""The synthetic school: the same every time, in however many steps; as plausible as it claims; exact."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.seed import SeedFailed, seed_schools
from tests.support.recount import drift
from tests.support.seed import digest
from tests.support.servers import Cluster, Database

TODAY = date(2026, 1, 15)
STUDENTS = 200


def _value(database: Database, query: str) -> Any:
    with database.connect() as db:
        db.execute("set time zone 'UTC'")
        row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _seed(database: Database, students: int = STUDENTS, **options: Any) -> int:
    """Make the school Test, and return how many students this made."""
    (school,) = seed_schools(database.url(), ["Test"], students, **{"today": TODAY, **options})
    assert school.students == students
    return school.made


@pytest.fixture(scope="module")
def school(cluster: Cluster, template: str) -> Iterator[Database]:
    """A school that the tests of plausibility only look at."""
    with cluster.database(template) as database:
        _seed(database)
        yield database


def test_batches_or_one_go_make_the_same_school(school: Database, database: Database) -> None:
    steps: list[tuple[str, int, int]] = []
    assert _seed(database, classes_at_once=3, progress=lambda *step: steps.append(step)) == STUDENTS
    assert steps == [("Test", done, STUDENTS) for done in (0, 90, 180, STUDENTS)]
    assert digest(database) == digest(school)
    with database.connect() as db:
        assert drift(db) == []
        db.execute("select ops.seed_school('Other', 40, '2026-01-15')")
    assert digest(database) != digest(school)


def test_one_call_makes_the_same_school_too(school: Database, database: Database) -> None:
    with database.connect() as db:
        db.execute("select ops.seed_school('Test', %s, %s)", (STUDENTS, TODAY))
        with pytest.raises(psycopg.errors.UniqueViolation):
            db.execute("select ops.seed_school('Test', %s, %s)", (STUDENTS, TODAY))
        with pytest.raises(psycopg.DatabaseError, match="at least two students"):
            db.execute("select ops.seed_school('Tiny', 1, %s)", (TODAY,))
        with pytest.raises(psycopg.DatabaseError, match="whole houses"):
            db.execute("select ops.seed_classes(1, 2, 3, %s, %s)", (STUDENTS, TODAY))
    assert digest(database) == digest(school)


# On 15 and 18 alike, today and next year: whoever changes it changes the schools that people have.
def test_the_dice_do_not_depend_on_the_version(school: Database) -> None:
    sums = """
        select concat_ws(' ',
            (select sum(grade) from school.submission),
            (select sum(score) from school.quiz_attempt),
            (select sum(duration_ms) from school.interaction),
            (select count(*) from school.enrollment where status = 'dropped')
        )
    """
    assert _value(school, sums) == "504818.100000 614074.800000 715290549 111"


def test_a_run_that_broke_off_is_finished_by_the_next(school: Database, database: Database) -> None:
    class Broken(Exception):
        pass

    def fail(_: str, done: int, __: int) -> None:
        if done == 90:
            raise Broken

    # A transaction that fails leaves nothing of itself, be it the first one or a later one.
    with database.connect() as db:
        db.execute(
            "create function public.fail() returns trigger language plpgsql as 'begin raise ''no luck''; end'"
        )
        failing = (
            "create trigger broken before insert on school.interaction for each statement "
            "execute function public.fail()"
        )
        db.execute(failing)
        with pytest.raises(psycopg.DatabaseError, match="no luck"):
            _seed(database, classes_at_once=3)
        assert db.execute("select from school.organization").fetchall() == []
        db.execute("drop trigger broken on school.interaction")
        with pytest.raises(Broken):
            _seed(database, classes_at_once=3, progress=fail)
        db.execute(failing)
        with pytest.raises(psycopg.DatabaseError, match="no luck"):
            _seed(database, classes_at_once=3)
        db.execute("drop trigger broken on school.interaction")
        assert db.execute("select students from ops.seed_progress('Test')").fetchone() == (90,)

    # Of the day that it was begun for, unless told otherwise; in other steps than before.
    assert _seed(database, today=None) == STUDENTS - 90
    assert digest(database) == digest(school)
    assert _seed(database, today=None) == 0
    assert digest(database) == digest(school)
    with database.connect() as db:
        assert drift(db) == []


def test_another_school_of_the_same_name_is_refused(school: Database) -> None:
    before = digest(school)
    for students in (STUDENTS - 1, STUDENTS + 1):
        with pytest.raises(SeedFailed, match="Test is there already, with 200 students"):
            _seed(school, students)
    with pytest.raises(SeedFailed, match="as of 2026-01-15"):
        _seed(school, today=date(2026, 1, 16))
    assert digest(school) == before


def test_two_runs_at_once_do_not_meet(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.seed.LOCK_SECONDS", 0.2)
    with database.connect() as db:
        db.execute("select pg_advisory_lock(x'73656564'::bigint)")
        with pytest.raises(SeedFailed, match="made in this database"):
            _seed(database, 2)


def test_schools_have_people_of_their_own(database: Database) -> None:
    made = seed_schools(database.url(), ["Test", "Test 2"], 60, today=TODAY)
    assert [school.made for school in made] == [60, 60]
    shared = "select count(*) from (select id from school.person group by id having count(*) > 1) as s"
    assert _value(database, shared) == 0
    grades = (
        "select count(distinct g) from (select sum(grade) as g from school.submission group by org_id) as s"
    )
    assert _value(database, grades) == 2


@pytest.mark.parametrize("students", [2, 3, 30, 31, 61, 91, 240])
def test_a_school_of_any_size_is_whole(database: Database, students: int) -> None:
    _seed(database, students)
    with database.connect() as db:
        assert drift(db) == []
        counts = db.execute(
            """
            select
                (select count(*) from school.person_role where role = 'student'),
                (select count(*) from school.enrollment),
                (select count(distinct student_id) from school.guardian),
                (select count(distinct role) from school.person_role)
            """
        ).fetchone()
        assert counts == (students, students * 8, students, 9)
        # Whom `homeroom token` picks has something to see.
        shown = db.execute(
            """
            select count(*)
            from auth.suitable_people('parent') as p
            join school.guardian as g on g.parent_id = p.person_id
            join school.enrollment as e on e.student_id = g.student_id and e.status = 'active'
            where p.person_id = (select person_id from auth.suitable_people('parent') limit 1)
            """
        ).fetchone()
        assert shown and shown[0] >= 8


PLAUSIBLE = {
    # a student's marks in two courses go together, homework and quizzes too
    "corr(mean, other mean) across courses": (
        """
        with mean as (
            select student_id, course_id, avg(grade) as grade from school.submission group by 1, 2
        )
        select corr(a.grade, b.grade)
        from mean as a
        join mean as b on b.student_id = a.student_id and b.course_id < a.course_id
        """,
        0.3,
        0.9,
    ),
    "corr(homework, quizzes)": (
        """
        select corr(
            assignment_score_sum / nullif(total_assignments_completed, 0),
            quiz_score_sum / nullif(total_quizzes_completed, 0)
        )
        from board.student_performance
        """,
        0.5,
        1,
    ),
    "mean mark": ("select avg(grade) from school.submission", 60, 85),
    "share of enrollments that were dropped": (
        "select avg((status = 'dropped')::int) from school.enrollment",
        0.02,
        0.15,
    ),
    "share of students who left": (
        """
        select avg(gone::int) from (
            select bool_and(status = 'dropped') as gone from school.enrollment group by student_id
        ) as s
        """,
        0.02,
        0.15,
    ),
    "weeks in which people leave": (
        """
        select count(distinct left_on / 7) from (
            select date '2026-01-15' - max(ended_on) as left_on
            from school.enrollment group by student_id having bool_and(status = 'dropped')
        ) as s
        """,
        4,
        12,
    ),
    "least days from start to dropping out": (
        "select min(ended_on - enrolled_on) from school.enrollment",
        14,
        80,
    ),
    "work after dropping out": (
        """
        select count(*) from school.enrollment as e
        join school.assignment as a on a.course_id = e.course_id
        join school.submission as s on s.assignment_id = a.id and s.student_id = e.student_id
        where a.due_at >= e.ended_on
        """,
        0,
        0,
    ),
    "work before dropping out": (
        """
        select count(*) from school.enrollment as e
        join school.submission as s on s.course_id = e.course_id and s.student_id = e.student_id
        where e.ended_on is not null
        """,
        20,
        10000,
    ),
    "difference of marks between who left and who stayed": (
        """
        select avg(s.grade) filter (where e.ended_on is null)
            - avg(s.grade) filter (where e.ended_on is not null)
        from school.submission as s
        join school.enrollment as e on e.student_id = s.student_id and e.course_id = s.course_id
        """,
        2,
        40,
    ),
    "people with several roles": (
        "select count(*) from (select from school.person_role group by person_id having count(*) > 1) as p",
        10,
        40,
    ),
    "teachers who are parents": (
        """
        select count(distinct g.parent_id) from school.guardian as g
        join school.course_teacher as t on t.teacher_id = g.parent_id
        join school.person_role as r on r.person_id = g.parent_id and r.role = 'parent'
        """,
        3,
        3,
    ),
    "students who tutor students of another class": (
        """
        select count(distinct t.tutor_id) from school.tutor_student as t
        join school.enrollment as own on own.student_id = t.tutor_id
        join school.person_role as r on r.person_id = t.tutor_id and r.role = 'tutor'
        where not exists (
            select from school.enrollment as e
            where e.student_id = t.student_id and e.course_id = own.course_id
        )
        """,
        10,
        20,
    ),
    "share of parents with several children": (
        "select avg((n > 1)::int) from (select count(*) as n from school.guardian group by parent_id) as g",
        0.3,
        0.7,
    ),
    "share of siblings in different classes": (
        """
        select avg((not exists (
            select from school.enrollment as one
            join school.enrollment as other on other.course_id = one.course_id
            where one.student_id = a.student_id and other.student_id = b.student_id
        ))::int)
        from school.guardian as a
        join school.guardian as b on b.parent_id = a.parent_id and b.student_id < a.student_id
        """,
        0.9,
        0.99,
    ),
    "share of submissions that are pending": (
        "select avg((submitted_at is null)::int) from school.submission",
        0.05,
        0.25,
    ),
    "share of what is handed in that waits for its mark": (
        "select avg((grade is null)::int) from school.submission where submitted_at is not null",
        0.02,
        0.25,
    ),
    "marks of the future": (
        """
        select count(*) from school.submission
        where graded_at >= '2026-01-15 00:00 Europe/Berlin' or submitted_at > graded_at
            or submitted_at >= '2026-01-15 00:00 Europe/Berlin'
        """,
        0,
        0,
    ),
    "quizzes of the future": (
        "select count(*) from school.quiz_attempt where completed_at >= '2026-01-15 00:00 Europe/Berlin'",
        0,
        0,
    ),
    "days of the last thirty on which something was marked": (
        """
        select count(distinct d::date) from (
            select graded_at from school.submission union all select completed_at from school.quiz_attempt
        ) as w (d)
        where d >= '2025-12-16'
        """,
        28,
        31,
    ),
    "share of students who rise by more than a point a week": (
        """
        select avg((slope > 1)::int) from (
            select regr_slope(score, extract(epoch from completed_at) / 604800) as slope
            from school.quiz_attempt group by student_id
        ) as s
        """,
        0.03,
        0.25,
    ),
    "share of students who fall by more than a point a week": (
        """
        select avg((slope < -1)::int) from (
            select regr_slope(score, extract(epoch from completed_at) / 604800) as slope
            from school.quiz_attempt group by student_id
        ) as s
        """,
        0.03,
        0.25,
    ),
}


@pytest.mark.parametrize("claim", PLAUSIBLE)
def test_the_school_is_plausible(school: Database, claim: str) -> None:
    query, least, most = PLAUSIBLE[claim]
    assert least <= float(_value(school, query)) <= most


def test_memory_does_not_grow_with_the_school(database: Database) -> None:
    """The server process's own memory (what it shares with others is shared_buffers) batch by batch."""
    used: list[int] = []
    with database.connect() as db:

        def look(*_: object) -> None:
            row = db.execute(
                "select pid from pg_stat_activity where application_name = 'homeroom seed'"
            ).fetchone()
            assert row
            status = Path(f"/proc/{row[0]}/status").read_text()
            used.append(int(status.partition("RssAnon:")[2].split()[0]))

        _seed(database, 720, classes_at_once=3, progress=look)
    first, last = used[2], used[-1]
    assert last < first * 1.25 + 4096, used
