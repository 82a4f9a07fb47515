"""Workers that are killed, share the work and go on; students who cannot be computed."""

import random
import signal
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.listener.dashboards import (
    WAITING,
    WRONG,
    Session,
    award,
    computed,
    crowd,
    one,
    read,
    students_of,
    watch,
)
from tests.listener.support import until, working
from tests.support import school
from tests.support.servers import Database

KILLS = {18: 20, 15: 4}
QUEUED = 5000


@pytest.mark.long
def test_killed_again_and_again_it_loses_nobody(database: Database, db: Session, log: Path) -> None:
    dice = random.Random(11)
    org = school.make_org(db)
    crowd(db, org, QUEUED)
    watch(db, pause=0.3)  # so that nobody is through with all of them before the kill
    waiting = "select count(distinct subject_id) from board.dashboard_update_queue where processed_at is null"
    at_work = (
        "select 1 from pg_stat_activity "
        "where application_name = 'homeroom worker' and datname = %s and backend_start > %s"
    )
    for _ in range(KILLS[database.version]):
        if one(db, waiting) < QUEUED:
            db.execute("select board.mark_students(%s)", (org,))
        began = one(db, "select clock_timestamp()")
        with working(database, log) as worker:
            until(lambda began=began: one(db, at_work, database.name, began))  # type: ignore[misc]
            time.sleep(dice.random() / 2)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
        assert one(db, waiting) > 0
    award(db, org)
    with working(database, log) as worker:
        until(lambda: one(db, WAITING) == 0)
        assert worker.end() == 0
    assert db.execute("select distinct badges from board.student_dashboard_cache").fetchall() == [(2,)]
    assert one(db, "select count(*) from board.student_dashboard_cache where document is not null") == QUEUED
    assert db.execute(WRONG).fetchall() == []
    untidy = "select count(*) from board.dashboard_update_queue where dead_at is not null or attempts > 0"
    assert one(db, untidy) == 0


def test_two_workers_share_the_work(database: Database, db: Session, log: Path) -> None:
    org, other_org = school.make_org(db), school.make_org(db)
    with working(database, log) as one_worker, working(database, log) as two:
        until(lambda: len(one_worker.lines("working")) == 2)
        watch(db, pause=0.4)
        with db.transaction():
            crowd(db, org, 2000)
            crowd(db, other_org, 700)
        until(lambda: one(db, WAITING) == 0)
        assert (one_worker.end(), two.end()) == (0, 0)
    by_whom = db.execute("select pid, count(*) from public.refreshed group by pid").fetchall()
    assert len(by_whom) == 2
    assert sum(number for _, number in by_whom) == 2700
    assert one(db, "select count(distinct student_id) from public.refreshed") == 2700, "nobody twice"
    assert db.execute(WRONG).fetchall() == []


def test_the_most_urgent_are_first_and_then_the_oldest(db: Session) -> None:
    org = school.make_org(db)
    students = [school.make_person(db, org, "student") for _ in range(6)]
    watch(db)
    for student, priority in zip(students, ("low", "normal", "low", "high", "urgent", "normal"), strict=True):
        db.execute(
            "insert into board.dashboard_update_queue (org_id, subject, subject_id, priority, reason) "
            "values (%s, 'student', %s, %s, 'test')",
            (org, student, priority),
        )
    while one(db, "select board.drain_queue(1)"):
        pass
    order = db.execute("select student_id from public.refreshed order by n").fetchall()
    assert [students.index(row[0]) for row in order] == [4, 3, 1, 5, 0, 2]


def test_many_marks_of_a_student_are_one_refresh(db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    watch(db)
    for _ in range(20):
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
    assert one(db, "select board.drain_queue()") == 1
    assert one(db, "select count(*) from public.refreshed") == 1
    assert one(db, WAITING) == 0


def test_who_comes_last_finds_those_whom_nobody_has(database: Database, db: Session) -> None:
    """However many of the first are another worker's, and however often they were marked."""
    org = school.make_org(db)
    crowd(db, org, 30)
    for _ in range(3):
        award(db, org)
    with database.connect(autocommit=False) as first, database.connect(autocommit=False) as second:
        assert one(first, "select board.drain_students(%s, 25)", org) == 25
        assert one(second, "select board.drain_students(%s, 2)", org) == 2
        assert one(db, "select board.drain_students(%s, 2)", org) == 2
        assert one(db, "select board.drain_students(%s, 2)", org) == 1
        assert one(db, "select board.drain_students(%s, 2)", org) == 0
        first.rollback()
        assert one(db, "select board.drain_students(%s, 100)", org) == 25
        second.rollback()
        assert one(db, "select board.drain_students(%s, 100)", org) == 2
    assert one(db, WAITING) == 0


def test_a_shared_mark_of_a_student_whom_another_worker_has_is_no_riddle(
    database: Database, db: Session
) -> None:
    """A person's name is shared by all who have them as mentor; and this person is a student."""
    org = school.make_org(db)
    crowd(db, org, 3)
    while one(db, "select board.drain_students(%s)", org):
        pass
    db.execute("update school.person set name = 'Anew' where org_id = %s", (org,))
    with database.connect(autocommit=False) as first:
        first.execute("select board.spread_shared_marks(%s)", (org,))
        assert one(db, "select board.drain_students(%s)", org) == 0
        with pytest.raises(psycopg.Error, match="at least one"):
            one(db, "select board.drain_students(%s, 0)", org)


# --- A student who cannot be computed


def poison(db: Session, student: UUID) -> None:
    """Let the document of one student not be stored."""
    db.execute(
        f"alter table board.student_dashboard_cache "
        f"add constraint poisoned check (student_id <> '{student}' or document is null)".encode()
    )


def test_one_who_cannot_be_computed_holds_nobody_up_and_ends_as_a_dead_letter(
    database: Database, db: Session, log: Path
) -> None:
    org = school.make_org(db)
    crowd(db, org, 600)
    bad = students_of(db, org)[300]
    poison(db, bad)
    hurry = "update board.dashboard_update_queue set not_before = null where not_before is not null"
    dead = (
        "select subject_id, attempts, split_part(last_error, ':', 1), last_error like '%poisoned%' "
        "from board.dashboard_update_queue where dead_at is not null"
    )
    with working(database, log) as worker:

        def everybody_else() -> bool:
            return bool(one(db, f"{WAITING} and subject_id <> %s", bad) == 0)

        until(everybody_else)
        assert one(db, "select count(*) from board.student_dashboard_cache where document is null") == 1
        while not db.execute(dead).fetchall():
            db.execute(hurry)
            award(db, org) if everybody_else() else time.sleep(0.05)
        until(everybody_else)
        rows = db.execute(dead).fetchall()
        assert {(student, state, poisoned) for student, _, state, poisoned in rows} == {(bad, "23514", True)}
        assert min(attempts for _, attempts, _, _ in rows) >= 5
        # The worker lives, and others' changes go on.
        award(db, org)
        until(everybody_else)
        assert worker.lines("waiting for the database") == []
        assert worker.end() == 0
    assert db.execute(WRONG).fetchall() == [(bad,)]


def test_between_attempts_it_waits_twice_as_long_and_then_gives_up(db: Session) -> None:
    org = school.make_org(db)
    bad, good = school.make_person(db, org, "student"), school.make_person(db, org, "student")
    poison(db, bad)
    db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, bad))
    state = "select attempts, not_before, dead_at is not null from board.dashboard_update_queue"
    for attempt, seconds in enumerate((1, 2, 4, 8, 16), 1):
        before = one(db, "select clock_timestamp()")
        assert one(db, "select board.drain_queue()") == 1
        attempts, not_before, is_dead = db.execute(state).fetchall()[0]
        after = one(db, "select clock_timestamp()")
        assert attempts == attempt
        assert before <= not_before - timedelta(seconds=seconds) <= after
        assert is_dead == (attempt == 5)
        db.execute("update board.dashboard_update_queue set not_before = not_before + interval '1 minute'")
        assert one(db, "select board.drain_queue()") == 0, "not before its time"
        db.execute("update board.dashboard_update_queue set not_before = clock_timestamp()")
    assert one(db, "select board.drain_queue()") == 0, "never again"
    # A new change is a new beginning.
    for student in (bad, good):
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
    assert one(db, "select board.drain_queue()") == 2
    assert db.execute(
        "select document is null, badges from board.student_dashboard_cache order by 2"
    ).fetchall() == [
        (False, 1),
        (True, None),
    ]


def test_a_read_brings_a_dead_letter_back_to_life(database: Database, db: Session) -> None:
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    db.execute(
        "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason, attempts, "
        "last_error, dead_at) "
        "values (%s, 'student', %s, 'test', 5, 'XX000: it was so', now())",
        (org, student),
    )
    assert one(db, "select board.drain_queue()") == 0
    with database.connect("homeroom_api") as api:
        assert read(api, org, student) == computed(db, org, student)
    assert one(db, "select count(*) from board.dashboard_update_queue where processed_at is null") == 0
    assert one(db, "select board.is_fresh(c) from board.student_dashboard_cache as c")


def test_marks_of_people_who_are_no_students_do_not_stay(db: Session) -> None:
    org = school.make_org(db)
    mentor = school.make_person(db, org, "mentor")
    db.execute(
        "insert into school.notification (org_id, person_id, title) values (%s, %s, 'Hi')", (org, mentor)
    )
    db.execute(
        "insert into board.dashboard_update_queue (org_id, subject, subject_id, reason) "
        "values (%s, 'student', %s, 'gone')",
        (org, uuid4()),
    )
    assert one(db, "select board.drain_queue()") == 0
    assert one(db, WAITING) == 0
