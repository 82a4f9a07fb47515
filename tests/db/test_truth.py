"""The registry of aggregates: each is compared with its facts, reported when it is off, mended by adding."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.recount import drift
from tests.support.servers import Database

Session = psycopg.Connection[Any]


@pytest.fixture
def db(database: Database) -> Any:
    """A superuser's session in a database with two synthetic schools, partly folded."""
    with database.connect() as session:
        session.execute(
            "select ops.seed_school('One', 30, '2026-01-15'), ops.seed_school('Two', 4, '2026-01-15')"
        )
        session.execute("select board.fold(org_id) from school.organization")
        session.execute("update school.submission set grade = grade / 2 where grade > 90")
        session.execute("update school.enrollment set status = 'dropped' where md5(student_id::text) < '2'")
        yield session


def _corruptions(db: Session) -> list[tuple[str, str, str]]:
    """(aggregate, column, type) of every number and flag that a registered aggregate keeps."""
    return db.execute(
        "select a.kept::text, c.name, format_type(t.atttypid, null) from ops.aggregate as a "
        "cross join ops.aggregate_columns(a.kept, a.recount) as k "
        "cross join unnest(k.numbers || k.flags) as c (name) "
        "join pg_attribute as t on t.attrelid = a.kept and t.attname = c.name order by a.place, t.attnum"
    ).fetchall()


def _verify(db: Session) -> dict[str, tuple[int, Any]]:
    rows = db.execute("select aggregate, drifting_rows, drift from ops.verify()").fetchall()
    return {aggregate: (rows, amount) for aggregate, rows, amount in rows}


def _drifting(db: Session) -> bool:
    return db.execute("select from ops.drift()").fetchall() != []


def _mend(db: Session) -> int:
    rows = db.execute(
        "select count(m.key) from ops.aggregate as a cross join school.organization as o "
        "cross join lateral ops.mend(a.kept, o.org_id) as m"
    ).fetchone()
    assert rows
    return int(rows[0])


def test_every_aggregate_is_registered_and_exact(db: Session) -> None:
    assert _verify(db) == dict.fromkeys(
        [
            "board.student_course_performance",
            "board.course_rollup",
            "board.organization_rollup",
            "board.assignment_rollup",
            "board.cohort_member_progress",
            "board.cohort_rollup",
            "board.cohort_month_rollup",
        ],
        (0, 0),
    )
    tables = db.execute(
        "select c.oid::regclass::text from pg_class as c where relnamespace = 'board'::regnamespace "
        "and relkind in ('r', 'p') except select kept::text from ops.aggregate "
        "except select deltas::text from ops.aggregate order by 1"
    ).fetchall()
    # Documents are proven by tests/db/test_student_marks.py, test_dashboard_marks.py and test_director_*.py,
    # ranks are made anew every minute; student_change holds nothing but locks; alerts say what was so then.
    others = [
        "alert", "alert_change", "alert_rule", "dashboard_cache", "dashboard_update_queue",
        "director_cohort_dashboard", "leaderboard", "leaderboard_refresh", "student_change",
        "student_dashboard_cache",
    ]  # fmt: skip
    assert tables == [(f"board.{name}",) for name in others], "a table of derived numbers that nothing proves"


@pytest.mark.long
def test_each_corruption_is_reported_and_mended_by_adding(db: Session) -> None:
    """Every number and flag of every registered aggregate."""
    corruptions = _corruptions(db)
    assert len(corruptions) > 22
    for aggregate, column, kind in corruptions:
        table = sql.SQL(aggregate)
        wrong = sql.SQL("not {0}" if kind == "boolean" else "{0} + 7").format(sql.Identifier(column))
        one = sql.SQL("ctid = (select ctid from {} order by org_id limit 1)").format(table)
        db.execute(
            sql.SQL("update {} set {} = {} where {}").format(table, sql.Identifier(column), wrong, one)
        )
        assert _verify(db)[aggregate] == (1, 1 if kind == "boolean" else 7), (aggregate, column)
        assert _mend(db) == 1, (aggregate, column)
        assert _verify(db)[aggregate] == (0, 0), (aggregate, column)
        assert drift(db) == []


@pytest.mark.parametrize("place", range(1, 8))
def test_missing_rows_and_rows_of_nobody_are_mended(db: Session, place: int) -> None:
    row = db.execute("select kept::text from ops.aggregate where place = %s", (place,)).fetchone()
    assert row
    table = sql.SQL(row[0])
    db.execute(sql.SQL("create table kept_copy as select * from {}").format(table))
    db.execute(sql.SQL("delete from {}").format(table))
    assert _drifting(db)
    assert _mend(db) > 0
    assert not _drifting(db)
    key = {
        1: "student_id",
        2: "course_id",
        4: "assignment_id",
        5: "student_id",
        6: "cohort_id",
        7: "cohort_id",
    }.get(place)
    if key:
        db.execute(
            sql.SQL("update kept_copy set {0} = gen_random_uuid() where {0} is not null").format(
                sql.Identifier(key)
            )
        )
        db.execute(sql.SQL("insert into {} select * from kept_copy").format(table))
        assert _drifting(db)
        assert _mend(db) > 0
    assert not _drifting(db)
    assert drift(db) == []


@pytest.mark.parametrize("at_once", [False, True])
def test_a_deleted_organization_leaves_nothing(db: Session, at_once: bool) -> None:
    (org,) = db.execute("select min(org_id) from school.organization").fetchone() or (0,)
    tables = ("person", "course", "program", "mission", "calendar_event", "organization")
    deletes = [f"delete from school.{table} where org_id = {org}" for table in tables]
    if at_once:  # whatever the order in which the parts' triggers fire
        parts = [f"part_{number} as ({delete})" for number, delete in enumerate(deletes[:-1])]
        deletes = [f"with {', '.join(parts)} {deletes[-1]}"]
    for delete in deletes:
        db.execute(delete.encode())
    assert drift(db) == []
    assert (db.execute("select board.fold_gone()").fetchone() or (0,))[0] > 0
    assert drift(db) == []
    kept = db.execute("select kept::text from ops.aggregate union select deltas::text from ops.aggregate")
    for (table,) in kept.fetchall():
        if table:
            left = db.execute(f"select count(*) from {table} where org_id = {org}".encode()).fetchone()
            assert left == (0,), table


def test_what_drifts_of_a_deleted_organization_is_mended(db: Session) -> None:
    gone = 4711
    db.execute("insert into board.organization_rollup (org_id, students) values (%s, 3)", (gone,))
    assert drift(db) != []
    db.execute("select ops.mend(kept, %s) from ops.aggregate order by place", (gone,))
    assert drift(db) == []


def test_verify_sees_one_moment_although_writers_go_on(database: Database, db: Session) -> None:
    """A comparison that read facts and aggregates at different moments would see drift here."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            with database.connect() as session:
                grade = 0
                while not stop.is_set():
                    grade = (grade + 7) % 100
                    session.execute(
                        "update school.submission set grade = %s "
                        "where grade is not null and md5(id::text) < '1'",
                        (grade,),
                    )
                    session.execute("select board.fold(org_id) from school.organization")
        except BaseException as error:
            failed.append(error)
            raise

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            assert set(_verify(db).values()) == {(0, 0)}
    finally:
        stop.set()
        writer.join(60)
    assert not failed


def test_mending_keeps_what_is_written_meanwhile(database: Database, db: Session) -> None:
    db.execute("update board.student_course_performance set quiz_score_sum = quiz_score_sum + 1000")
    with database.connect(autocommit=False) as mender, database.connect() as writer:
        # The mender has compared and added, and is not through; the writer's fact comes on top.
        assert mender.execute(
            "select count(*) from ops.mend('board.student_course_performance', "
            "(select min(org_id) from school.organization))"
        ).fetchone() != (0,)
        thread = threading.Thread(
            target=writer.execute, args=("update school.quiz_attempt set score = 1 where score is not null",)
        )
        thread.start()
        thread.join(0.2)
        mender.commit()
        thread.join(60)
    _mend(db)
    assert drift(db) == []


def test_a_flag_is_mended_although_the_enrollment_is_being_dropped(database: Database, db: Session) -> None:
    """The drop finds the corrupt flag, and nothing to do; whoever mends afterwards must not undo the drop."""
    org, student, course = db.execute(
        "select org_id, student_id, course_id from school.enrollment where status = 'active' limit 1"
    ).fetchone() or (0, None, None)
    db.execute(
        "update board.student_course_performance set counted = false "
        "where (org_id, student_id, course_id) = (%s, %s, %s)",
        (org, student, course),
    )
    with database.connect(autocommit=False) as dropper, database.connect() as mender:
        dropper.execute(
            "update school.enrollment set status = 'dropped' "
            "where (org_id, student_id, course_id) = (%s, %s, %s)",
            (org, student, course),
        )
        thread = threading.Thread(
            target=mender.execute, args=("select ops.mend('board.student_course_performance', %s)", (org,))
        )
        thread.start()
        thread.join(0.3)
        dropper.commit()
        thread.join(60)
    _mend(db)
    assert drift(db) == []
