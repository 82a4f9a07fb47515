"""No read is stale, whatever happens beside it."""

import random
from uuid import UUID

import pytest

from tests.listener.dashboards import Session, computed, one, read, students_of
from tests.listener.happenings import CHANGES, NAMED, something_happens
from tests.support import school
from tests.support.program import enter, make_program
from tests.support.servers import Database

STEPS = {18: 1000, 15: 200}


@pytest.mark.long
def test_no_read_is_stale(database: Database, db: Session) -> None:
    """Half of the steps while another session is refreshing everybody and does not end: no read waits."""
    dice = random.Random(7)
    org = one(db, "select ops.seed_school('Synthetic', 30, current_date)")
    students = students_of(db, org)
    happened: set[str] = set()
    stale: list[tuple[str, UUID]] = []
    steps = 0
    with (
        database.connect("homeroom_api", options="-c lock_timeout=10s") as acting,
        database.connect("homeroom_api", options="-c lock_timeout=10s") as reading,
        database.connect(options="-c lock_timeout=10s") as writing,
        database.connect(autocommit=False) as batch,
    ):
        while steps < STEPS[database.version]:
            if steps % 50 == 0:
                (batch.rollback if dice.random() < 0.3 else batch.commit)()
            if steps % 100 == 50:
                assert one(batch, "select board.refresh_students(%s, %s)", org, students) == len(students)
            student = dice.choice(students)
            what = something_happens(writing, acting, org, student, dice)
            if not what:
                continue
            happened.add(what)
            steps += 1
            for reader in {student, dice.choice(students if steps % 5 == 0 else [student])}:
                before = computed(db, org, reader)
                answer = read(reading, org, reader)
                if answer != before and answer != computed(db, org, reader):  # unless a minute went by
                    stale.append((what, reader))
    assert stale == []
    if steps == max(STEPS.values()):
        assert len(happened) == len(NAMED) + 2 + len(CHANGES), "each kind at least once"


@pytest.mark.parametrize(
    "change",
    [
        "insert into school.goal (org_id, student_id, title) values (%(org)s, %(student)s, 'Late')",
        "update school.cohort set name = 'Winter' where id = %(cohort)s",
        "update school.track set target_readiness = 61 where id = %(track)s",
        "insert into school.calendar_event (org_id, title, starts_at) values (%(org)s, 'Fair', now() "
        "+ interval '1 s')",
        "update ops.tier_mask set tier = 'premium' where path = 'readiness.gaps'",
        "update school.person set name = 'Moira' where id = %(mentor)s",
    ],
)
def test_what_is_committed_late_is_not_overlooked(database: Database, db: Session, change: str) -> None:
    """A change that began before a document was computed, and ended after others had."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    values = {"org": org, "student": student} | vars(program)
    with database.connect(autocommit=False) as late, database.connect("homeroom_api") as api:
        late.execute(change.encode(), values)  # has its transaction's number before all that follows
        enter(db, program, student)
        first = read(api, org, student)
        for _ in range(3):
            db.execute(
                "insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student)
            )
            assert read(api, org, student) == computed(db, org, student)
        assert one(db, "select count(*) from board.student_dashboard_cache as c where board.is_fresh(c)") == 1
        late.commit()
        assert read(api, org, student) == computed(db, org, student)
        assert first["quick_stats"]["badges"] == 1


def test_a_transaction_that_refreshes_and_then_changes_is_not_overlooked(
    database: Database, db: Session
) -> None:
    """Its number is in what the document saw already: only the order within the transaction tells."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    program = make_program(db, org)
    enter(db, program, student)
    with database.connect(autocommit=False) as both, database.connect("homeroom_api") as api:
        both.execute("update school.cohort set mode = 'onsite' where id = %s", (program.cohort,))
        # Later transactions that end earlier.
        for _ in range(3):
            school.make_person(db, org)
        both.execute("select board.refresh_student_dashboard(%s, %s)", (org, student))
        both.execute("update school.cohort set name = 'Winter' where id = %s", (program.cohort,))
        both.commit()
        assert read(api, org, student)["cards"]["cohort"]["name"] == "Winter"


def test_a_read_stores_nothing_that_a_batch_is_about_to_store(database: Database, db: Session) -> None:
    """It computes and answers; what is stored in the end is never older than the last change."""
    org = school.make_org(db)
    student = school.make_person(db, org, "student")
    with database.connect(autocommit=False) as batch, database.connect("homeroom_api") as api:
        batch.execute("select board.refresh_students(%s, %s)", (org, [student]))
        db.execute("insert into school.badge (org_id, student_id, name) values (%s, %s, 'B')", (org, student))
        assert read(api, org, student)["quick_stats"]["badges"] == 1
        assert one(db, "select document from board.student_dashboard_cache") is None
        batch.commit()
        kept = "select badges, board.is_fresh(c) from board.student_dashboard_cache as c"
        assert db.execute(kept).fetchall() == [(0, False)]
        assert read(api, org, student)["quick_stats"]["badges"] == 1
        assert db.execute(kept).fetchall() == [(1, True)]
