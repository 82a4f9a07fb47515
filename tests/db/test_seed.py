"""The synthetic school: the same every time, in however many steps; as plausible as it claims; exact."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.seed import FACTS, SeedFailed, seed_schools
from tests.support.recount import drift
from tests.support.seed import DIGEST, digest
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


def test_every_table_of_facts_is_filled_analyzed_and_compared(school: Database) -> None:
    with school.connect() as db:
        tables = db.execute(
            "select relname from pg_class where relnamespace = 'school'::regnamespace "
            "and relkind in ('r', 'p') and not relispartition"
        ).fetchall()
        facts = {name for (name,) in tables}
        assert set(FACTS) == facts - {"organization"}
        assert [name for name in facts if f"from school.{name} as t" not in DIGEST] == []
        assert [
            n for n in facts if not db.execute(f"select 1 from school.{n} limit 1".encode()).fetchone()
        ] == []


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
    programs = """
        select concat_ws(' ',
            (select sum(score) from school.readiness_score),
            (select sum(level) from school.competency_score),
            (select sum(extract(epoch from reviewed_at)::bigint % 1000003) from school.mission_attempt),
            (select sum(quality) from school.portfolio_item),
            (select count(*) from school.session_attendance),
            (select count(*) from school.habit_log),
            (select sum(points) from school.point_award),
            (select count(*) from school.notification where read_at is null),
            (select count(*) from school.subscription where enhanced_until is not null)
        )
    """
    assert _value(school, sums) == "504818.100000 614074.800000 715290549 111"
    assert _value(school, programs) == (
        "127704.100000 79643.100000 514116859 24882.000000 1232 5339 50575 208 17"
    )


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
        # Who is in a cohort is so with a mentor and a director, who see it when `homeroom token` picks them.
        pools = db.execute(
            """
            select
                bool_and(exists (select from school.cohort_mentor as o where o.cohort_id = m.cohort_id)),
                bool_and(exists (
                    select from school.cohort as c join school.track as t on t.id = c.track_id
                    where c.id = m.cohort_id and t.director_id is not null
                )),
                count(distinct m.student_id) = count(*),
                bool_or(m.student_id = (select person_id from auth.suitable_people('student') limit 1))
            from school.cohort_member as m
            """
        ).fetchone()
        assert pools == (True, True, True, True)
        seen = db.execute(
            """
            select
                (select count(*) from school.cohort_member as m
                join school.cohort_mentor as o on o.cohort_id = m.cohort_id
                where o.mentor_id = (select person_id from auth.suitable_people('mentor') limit 1)),
                (select count(*) from school.cohort_member as m
                join school.cohort as c on c.id = m.cohort_id
                join school.track as t on t.id = c.track_id
                where t.director_id = (select person_id from auth.suitable_people('director') limit 1))
            """
        ).fetchone()
        assert seen and min(seen) >= min(students, 30) * 0.9
        # The two students whom a demo shows see what is masked, and that it is.
        tiers = db.execute(
            "select s.tier from school.subscription as s join school.person as p on p.id = s.student_id "
            "where p.external_id in ('student/1', 'student/2') and (s.ends_at > '2026-01-16') is not false "
            "and s.enhanced_until is null order by p.external_id"
        ).fetchall()
        assert tiers == [("premium",), ("free",)]


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
    "members of a cohort of a whole house": (
        "select max(n) from (select count(*) as n from school.cohort_member group by cohort_id) as c",
        50,
        60,
    ),
    "cohorts with more members than seats of a pool": (
        """
        select count(*) from (
            select cohort_id, seat_pool, count(*) as members from school.cohort_member group by 1, 2
        ) as m
        join school.cohort as c on c.id = m.cohort_id
        where m.members > case m.seat_pool
            when 'paid' then c.seats_paid when 'scholarship' then c.seats_scholarship else c.seats_sponsored
        end
        """,
        0,
        0,
    ),
    "share of students without a cohort": (
        """
        select avg((not exists (select from school.cohort_member as m where m.student_id = r.person_id))::int)
        from school.person_role as r where r.role = 'student'
        """,
        0.001,
        0.03,
    ),
    "members who left the school and did not withdraw": (
        """
        select count(*) from school.cohort_member as m
        join (
            select student_id, bool_and(ended_on is not null) and count(distinct ended_on) = 1 as gone
            from school.enrollment group by student_id
        ) as e on e.student_id = m.student_id
        where m.status = 'active' and e.gone
        """,
        0,
        0,
    ),
    "corr(readiness, marks)": (
        """
        select corr(r.score, p.assignment_score_sum / nullif(p.total_assignments_completed, 0))
        from (
            select distinct on (student_id) * from school.readiness_score order by student_id, scored_at desc
        ) as r
        join board.student_performance as p on p.student_id = r.student_id
        """,
        0.5,
        0.95,
    ),
    "median rise of readiness in a week": (
        """
        select percentile_cont(0.5) within group (order by slope) from (
            select regr_slope(score, extract(epoch from scored_at) / 604800) as slope
            from school.readiness_score group by student_id
        ) as s
        """,
        0.3,
        1.5,
    ),
    "share of students whose readiness falls": (
        """
        select avg((slope < 0)::int) from (
            select regr_slope(score, extract(epoch from scored_at) / 604800) as slope
            from school.readiness_score group by student_id
        ) as s
        """,
        0.05,
        0.4,
    ),
    "share of students who are ready": (
        """
        select avg((r.score >= t.target_readiness)::int)
        from (
            select distinct on (student_id) * from school.readiness_score order by student_id, scored_at desc
        ) as r
        join school.cohort_member as m on m.student_id = r.student_id
        join school.cohort as c on c.id = m.cohort_id
        join school.track as t on t.id = c.track_id
        """,
        0.01,
        0.4,
    ),
    "scores of a student's readiness": (
        "select max(n) from (select count(*) as n from school.readiness_score group by student_id) as s",
        12,
        12,
    ),
    "share of competencies below what is required": (
        """
        select avg((s.level < c.required_level)::int)
        from school.competency_score as s join school.competency as c on c.id = s.competency_id
        """,
        0.3,
        0.7,
    ),
    "states of attempts, of which each has some": (
        "select count(*) from (select state from school.mission_attempt group by 1 having count(*) > 5) as s",
        5,
        5,
    ),
    "share of finished attempts that were approved": (
        """
        select avg((state = 'approved')::int) from school.mission_attempt where reviewed_at is not null
        """,
        0.6,
        0.9,
    ),
    "attempts at drafts": (
        """
        select count(*) from school.mission_attempt as a
        join school.mission as m on m.id = a.mission_id where m.status = 'draft'
        """,
        0,
        0,
    ),
    "points for missions beyond the approved ones": (
        """
        select (select count(*) from school.point_award where points = 50)
            - (select count(*) from school.mission_attempt where state = 'approved')
        """,
        0,
        0,
    ),
    "states of portfolio items, of which each has some": (
        "select count(*) from (select state from school.portfolio_item group by 1 having count(*) > 5) as s",
        5,
        5,
    ),
    "reviewed portfolio items without a mark, or marks without a review": (
        """
        select count(*) from school.portfolio_item where (quality is null) <> (reviewed_at is null)
        """,
        0,
        0,
    ),
    "share of past sessions that were held": (
        """
        select avg((status = 'held')::int) from school.mentor_session
        where starts_at < '2026-01-15 00:00 Europe/Berlin'
        """,
        0.75,
        0.97,
    ),
    "future sessions that are not scheduled, past ones that are": (
        """
        select count(*) from school.mentor_session
        where (status = 'scheduled') <> (starts_at >= '2026-01-15 00:00 Europe/Berlin')
        """,
        0,
        0,
    ),
    "share of members who come to a session": (
        """
        select count(a.student_id)::float8 / count(*)
        from school.mentor_session as s
        join school.cohort_member as m on m.cohort_id = s.cohort_id and m.status = 'active'
        left join school.session_attendance as a on a.session_id = s.id and a.student_id = m.student_id
        where s.student_id is null and s.status = 'held'
        """,
        0.6,
        0.95,
    ),
    "attendance of sessions that were not held": (
        """
        select count(*) from school.session_attendance as a
        join school.mentor_session as s on s.id = a.session_id where s.status <> 'held'
        """,
        0,
        0,
    ),
    "cohorts without a next session, a next milestone and an event": (
        """
        select count(*) from school.cohort as c
        where c.status = 'active' and not (
            c.id in (select s.cohort_id from school.mentor_session as s where s.starts_at > '2026-01-16')
            and c.id in (select m.cohort_id from school.milestone as m where m.due_at > '2026-01-16')
            and c.id in (select e.cohort_id from school.calendar_event as e where e.starts_at > '2026-01-16')
        )
        """,
        0,
        0,
    ),
    "habits of a student": (
        "select avg(n) from (select count(*) as n from school.habit group by student_id) as h",
        1.3,
        2.5,
    ),
    "share of days on which habits are kept": (
        """
        select (select count(*) from school.habit_log) / (select 28.0 * count(*) from school.habit)
        """,
        0.3,
        0.75,
    ),
    "students who kept a habit on each of the last seven days": (
        """
        select count(*) from (
            select student_id from school.habit_log where day >= '2026-01-08'
            group by student_id having count(distinct day) = 7
        ) as s
        """,
        10,
        100,
    ),
    "share of goals that were reached": (
        "select avg((completed_at is not null)::int) from school.goal",
        0.2,
        0.6,
    ),
    "share of subscriptions that are free": (
        "select avg((tier = 'free')::int) from school.subscription",
        0.23,
        0.43,
    ),
    "premium subscriptions that expired": (
        """
        select count(*) from school.subscription
        where tier = 'premium' and ends_at <= '2026-01-15 00:00 Europe/Berlin'
        """,
        5,
        30,
    ),
    "premium features that end within a week": (
        """
        select count(*) from school.subscription
        where enhanced_until > '2026-01-15 00:00 Europe/Berlin'
            and enhanced_until <= '2026-01-22 00:00 Europe/Berlin'
        """,
        3,
        30,
    ),
    "share of notifications that are unread": (
        "select avg((read_at is null)::int) from school.notification",
        0.1,
        0.4,
    ),
    "nudges that hold": (
        """
        select count(*) from school.ai_nudge
        where dismissed_at is null and (expires_at is null or expires_at > '2026-01-15 00:00 Europe/Berlin')
        """,
        50,
        250,
    ),
    "facts of programs that are of the future": (
        """
        select count(*) from (
            select scored_at from school.readiness_score
            union all select assessed_at from school.competency_score
            union all select greatest(started_at, submitted_at, reviewed_at) from school.mission_attempt
            union all select greatest(created_at, reviewed_at) from school.portfolio_item
            union all select joined_at from school.session_attendance
            union all select joined_at from school.cohort_member
            union all select day::timestamp at time zone 'Europe/Berlin' from school.habit_log
            union all select greatest(created_at, completed_at) from school.goal
            union all select awarded_at from school.point_award
            union all select awarded_at from school.badge
            union all select greatest(created_at, read_at) from school.notification
            union all select greatest(created_at, dismissed_at) from school.ai_nudge
        ) as f (at)
        where at >= '2026-01-15 00:00 Europe/Berlin'
        """,
        0,
        0,
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
