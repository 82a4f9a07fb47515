"""The synthetic school: the same every time, in however many steps; as plausible as it claims; exact."""

from datetime import date
from pathlib import Path

import psycopg
import pytest

from db.seed import FACTS, SeedFailed, seed_schools
from tests.support.recount import drift
from tests.support.seed import DIGEST, STUDENTS, TODAY, digest, seed, value
from tests.support.servers import Database


def test_batches_or_one_go_make_the_same_school(synthetic: Database, database: Database) -> None:
    steps: list[tuple[str, int, int]] = []
    assert seed(database, classes_at_once=3, progress=lambda *step: steps.append(step)) == STUDENTS
    assert steps == [("Test", done, STUDENTS) for done in (0, 90, 180, STUDENTS)]
    assert digest(database) == digest(synthetic)
    with database.connect() as db:
        assert drift(db) == []
        db.execute("select ops.seed_school('Other', 40, '2026-01-15')")
    assert digest(database) != digest(synthetic)


def test_one_call_makes_the_same_school_too(synthetic: Database, database: Database) -> None:
    with database.connect() as db:
        db.execute("select ops.seed_school('Test', %s, %s)", (STUDENTS, TODAY))
        with pytest.raises(psycopg.errors.UniqueViolation):
            db.execute("select ops.seed_school('Test', %s, %s)", (STUDENTS, TODAY))
        with pytest.raises(psycopg.DatabaseError, match="at least two students"):
            db.execute("select ops.seed_school('Tiny', 1, %s)", (TODAY,))
        with pytest.raises(psycopg.DatabaseError, match="whole houses"):
            db.execute("select ops.seed_classes(1, 2, 3, %s, %s)", (STUDENTS, TODAY))
    assert digest(database) == digest(synthetic)


def test_every_table_of_facts_is_filled_analyzed_and_compared(synthetic: Database) -> None:
    with synthetic.connect() as db:
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
def test_the_dice_do_not_depend_on_the_version(synthetic: Database) -> None:
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
            (select count(*) from school.subscription where enhanced_until is not null),
            (select sum(amount * extract(day from paid_on)) from school.payment),
            (select sum(amount * extract(day from refunded_on)) from school.refund)
        )
    """
    assert value(synthetic, sums) == "504818.100000 614074.800000 715290549 111"
    assert value(synthetic, programs) == (
        "127704.100000 79643.100000 508357329 24882.000000 1232 5339 50325 208 17 1487925.00 30612.50"
    )


def test_a_run_that_broke_off_is_finished_by_the_next(synthetic: Database, database: Database) -> None:
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
            seed(database, classes_at_once=3)
        assert db.execute("select from school.organization").fetchall() == []
        db.execute("drop trigger broken on school.interaction")
        with pytest.raises(Broken):
            seed(database, classes_at_once=3, progress=fail)
        db.execute(failing)
        with pytest.raises(psycopg.DatabaseError, match="no luck"):
            seed(database, classes_at_once=3)
        db.execute("drop trigger broken on school.interaction")
        assert db.execute("select students from ops.seed_progress('Test')").fetchone() == (90,)

    # Of the day that it was begun for, unless told otherwise; in other steps than before.
    assert seed(database, today=None) == STUDENTS - 90
    assert digest(database) == digest(synthetic)
    assert seed(database, today=None) == 0
    assert digest(database) == digest(synthetic)
    with database.connect() as db:
        assert drift(db) == []


def test_another_school_of_the_same_name_is_refused(synthetic: Database) -> None:
    before = digest(synthetic)
    for students in (STUDENTS - 1, STUDENTS + 1):
        with pytest.raises(SeedFailed, match="Test is there already, with 200 students"):
            seed(synthetic, students)
    with pytest.raises(SeedFailed, match="as of 2026-01-15"):
        seed(synthetic, today=date(2026, 1, 16))
    assert digest(synthetic) == before


def test_two_runs_at_once_do_not_meet(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.seed.LOCK_SECONDS", 0.2)
    with database.connect() as db:
        db.execute("select pg_advisory_lock(x'73656564'::bigint)")
        with pytest.raises(SeedFailed, match="made in this database"):
            seed(database, 2)


def test_schools_have_people_of_their_own(database: Database) -> None:
    made = seed_schools(database.url(), ["Test", "Test 2"], 60, today=TODAY)
    assert [school.made for school in made] == [60, 60]
    shared = "select count(*) from (select id from school.person group by id having count(*) > 1) as s"
    assert value(database, shared) == 0
    grades = (
        "select count(distinct g) from (select sum(grade) as g from school.submission group by org_id) as s"
    )
    assert value(database, grades) == 2


@pytest.mark.parametrize("students", [2, 3, 30, 31, 61, 91, 240])
def test_a_school_of_any_size_is_whole(database: Database, students: int) -> None:
    seed(database, students)
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


@pytest.mark.parametrize("today", ["2026-01-01", "2026-01-02", "2026-02-28", "2026-03-31"])
def test_some_is_paid_in_every_month_whatever_the_day_is(database: Database, today: str) -> None:
    seed(database, 60, today=date.fromisoformat(today))
    with database.connect() as db:
        months = db.execute(
            """
            select count(distinct date_trunc('month', paid_on::timestamp)),
                (select count(*) from generate_series(
                    date_trunc('month', min(paid_on)::timestamp), %(today)s::timestamp, interval '1 month'
                )),
                max(paid_on) <= %(today)s::date
            from school.payment
            """,
            {"today": today},
        ).fetchone()
        assert months
        assert months[0] == months[1] >= 4
        assert months[2]


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

        seed(database, 720, classes_at_once=3, progress=look)
    first, last = used[2], used[-1]
    assert last < first * 1.25 + 4096, used
