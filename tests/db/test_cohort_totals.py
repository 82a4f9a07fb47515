"""The totals of cohorts: exact whatever changes, and however many sessions change it at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import IsolationLevel, errors

from tests.support import cohorts
from tests.support.cohorts import CHANGES, ENDINGS, Campus, drift, make_campus
from tests.support.servers import Cluster, Database

Session = psycopg.Connection[Any]
# What a random change may meet: somebody or something is gone already, or a rule holds.
REFUSED = (
    errors.ForeignKeyViolation,
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)

# What the cards of the student's dashboard say, added up: another way to the same numbers.
BY_CARDS = """
select
    m.cohort_id,
    count(*) filter (where m.status = 'active') as active,
    count(*) filter (where m.status <> 'withdrawn' and m.seat_pool = 'paid') as used_paid,
    count(r.score) as readiness_students,
    coalesce(sum(round(r.score, 2)), 0) as readiness,
    coalesce(sum(p.health), 0) as portfolio_health_sum,
    coalesce(sum(p.draft + p.submitted + p.in_review + p.approved + p.rejected), 0) as portfolio_items,
    coalesce(sum(p.approved), 0) as portfolio_approved
from school.cohort_member as m
left join board.student_readiness(%(org)s, %(students)s) as r
    on r.student_id = m.student_id and m.status <> 'withdrawn'
left join board.student_portfolio(%(org)s, %(students)s) as p
    on p.student_id = m.student_id and m.status <> 'withdrawn'
where m.org_id = %(org)s
group by m.cohort_id
"""
KEPT = """
select
    t.cohort_id, t.active, t.used_paid, t.readiness_students,
    (
        select coalesce(sum(round(p.readiness_sum, 2)), 0)
        from board.cohort_member_progress as p where p.org_id = t.org_id and p.cohort_id = t.cohort_id
    ),
    t.portfolio_health_sum, t.portfolio_items, t.portfolio_approved
from board.cohort_total as t
where t.org_id = %(org)s and t.active + t.completed + t.withdrawn > 0
"""


@pytest.fixture
def campus(cluster: Cluster) -> Iterator[tuple[Database, Campus]]:
    """A campus without members, in a database of this test alone."""
    with cluster.prepared(make_campus) as made:
        yield made


def _total(db: Session, org: int, cohort: UUID, *columns: str) -> tuple[Any, ...]:
    row = db.execute(
        f"select {', '.join(columns)} from board.cohort_total where org_id = %s and cohort_id = %s".encode(),
        (org, cohort),
    ).fetchone()
    return row or ()


def _marks(db: Session) -> int:
    return len(db.execute("select from board.dashboard_update_queue where subject = 'director'").fetchall())


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_random_changes_leave_no_drift(campus: tuple[Database, Campus], seed: int) -> None:
    database, made = campus
    dice = random.Random(seed)
    with database.connect() as db:
        done: dict[str, int] = dict.fromkeys(CHANGES, 0)
        for step in range(300):
            names = [name for name in CHANGES if name not in ENDINGS or (step > 200 and dice.random() < 0.2)]
            name = dice.choice(names)
            try:
                done[name] += max(db.execute(CHANGES[name].encode(), cohorts.dice_of(made, dice)).rowcount, 0)
            except (errors.ForeignKeyViolation, errors.UniqueViolation):
                continue
            assert drift(db) == [], f"step {step}: {name}"
            if step % 20 == 0:
                names_of = {"org": made.org, "students": made.students}
                assert sorted(db.execute(BY_CARDS, names_of)) == sorted(db.execute(KEPT, names_of))
        assert sum(1 for count in done.values() if count) > len(CHANGES) * 2 / 3
        db.execute("delete from school.person where org_id = %s", (made.org,))
        db.execute("delete from school.cohort where org_id = %s", (made.org,))
        assert drift(db) == []
        db.execute("select board.fold(%s)", (made.org,))
        for table in ("cohort_member_progress", "cohort_rollup", "cohort_month_rollup", "cohort_delta"):
            assert (
                db.execute(f"select * from board.{table} where org_id = %s".encode(), (made.org,)).fetchall()
                == []
            )


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_in_turn(campus: tuple[Database, Campus], name: str) -> None:
    """After everything else was there: what a change does, and that it does something."""
    database, made = campus
    dice = random.Random(7)
    names = cohorts.dice_of(made, dice) | {
        "cohort": made.cohorts[0], "other": made.cohorts[2], "track": made.tracks[1],
        "mission": made.missions[0],
        "student": made.students[0], "second": made.students[1],
    }  # fmt: skip
    with database.connect() as db:
        for first in (
            "everybody joins",
            "everybody attempts",
            "score",
            "show",
            "meet",
            "owe",
            "refund",
            "assess",
        ):
            db.execute(
                CHANGES[first].encode(), names | {"state": "approved", "n": 42, "state_of_item": "approved"}
            )
        db.execute(CHANGES["owe"].encode(), names)
        if name == "change places":
            db.execute("delete from school.cohort_member where student_id = %(second)s", names)
        names |= {
            "everybody joins": {"cohort": made.cohorts[1]},
            "everybody attempts": {"mission": made.missions[1]},
            "an attempt at another mission": {"mission": made.missions[1]},
        }.get(name, {})
        before = _marks(db)
        db.execute(CHANGES[name].encode(), names)
        assert drift(db) == []
        assert name == "fold" or _marks(db) != before


def test_what_a_member_adds(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, cohort, (ann, ben, *_) = made.org, made.cohorts[0], made.students
    with database.connect() as db:
        for student, status in ((ann, "active"), (ben, "withdrawn")):
            cohorts.join(db, org, cohort, student, status)
            for day, score in ((1, 40), (2, 60.5)):
                cohorts.add(
                    db,
                    "readiness_score",
                    org_id=org,
                    student_id=student,
                    scored_at=f"2026-02-0{day}",
                    score=score,
                )
            for mission in made.missions:
                cohorts.add(
                    db, "mission_attempt", org_id=org, student_id=student, mission_id=mission,
                    state="approved", started_at="2026-02-01", submitted_at="2026-02-02",
                    reviewed_at="2026-02-02 01:00",
                )  # fmt: skip
            for state, quality in (("approved", 80), ("draft", None)):
                cohorts.add(
                    db, "portfolio_item", org_id=org, student_id=student, title="Work", state=state,
                    quality=quality, reviewed_at="2026-02-02",
                )  # fmt: skip
        columns = (
            "active withdrawn used_paid readiness_students readiness_sum missions_approved approval_seconds"
        )
        # Two of the three missions of the track are no drafts; 0.7 * 80 + 0.3 * 50.
        assert _total(db, org, cohort, *columns.split(), "portfolio_students", "portfolio_health_sum") == (
            1, 1, 1, 1, 60.5, 2, 7200, 1, 71
        )  # fmt: skip
        assert _total(db, org, cohort, "portfolio_items", "portfolio_approved") == (2, 1)


def test_money_by_month(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, cohort = made.org, made.cohorts[0]
    with database.connect() as db:
        for amount, status, paid_on in (
            (100, "paid", "2026-02-28"), (50.5, "paid", "2026-03-01"),
            (70, "due", None), (9, "cancelled", None),
        ):  # fmt: skip
            payment = cohorts.add(
                db, "payment", org_id=org, cohort_id=cohort, amount=amount, status=status,
                due_on="2026-02-01", paid_on=paid_on,
            )  # fmt: skip
            if status == "paid":
                cohorts.add(
                    db,
                    "refund",
                    org_id=org,
                    cohort_id=cohort,
                    payment_id=payment,
                    amount=10,
                    refunded_on="2026-03-31",
                )
        columns = "payments_due", "due_amount", "payments_paid", "paid_amount", "refunds", "refunded_amount"
        for _ in range(2):
            assert _total(db, org, cohort, *columns) == (1, 70, 2, 150.5, 2, 20)
            assert db.execute(
                "select month::text, payments_paid, paid_amount, refunds, refunded_amount "
                "from board.cohort_month_total where org_id = %s and cohort_id = %s order by 1",
                (org, cohort),
            ).fetchall() == [("2026-02-01", 1, 100, 0, 0), ("2026-03-01", 1, 50.5, 2, 20)]
            db.execute("select board.fold(%s)", (org,))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("attempt", "join"), ("score", "join"), ("show", "join"), ("assess", "join"),
        ("attempt", "the cohort moves"), ("join", "the cohort moves"), ("leave", "the cohort moves"),
        ("attempt", "the mission moves"), ("attempt", "the mission is a draft, or none"),
        ("attempt", "the mission goes"), ("attempt", "the student goes"), ("join", "the student goes"),
        ("attempt", "the cohort goes"), ("join", "the cohort goes"), 
        ("transfer", "attempt"), ("withdraw", "score"),
        ("the mission moves", "the cohort moves"), ("the mission moves", "join"), ("score", "show"),
        ("owe", "the cohort goes"), ("refund", "payments of another cohort"), ("fold", "fold"),
        ("fold", "attempt"),
        ("meet", "meetings move"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize(
    "isolation",
    [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ],
    ids=["committed", "repeatable"],
)
def test_two_sessions_leave_no_drift(
    campus: tuple[Database, Campus], first: str, second: str, turned: bool, isolation: IsolationLevel
) -> None:
    """The second goes on while the first is done and not committed; repeatable, its snapshot is of before."""
    database, made = campus
    first, second = (second, first) if turned else (first, second)
    names = cohorts.dice_of(made, random.Random(3)) | {
        "cohort": made.cohorts[0], "other": made.cohorts[2], "track": made.tracks[1],
        "mission": made.missions[0],
        "student": made.students[0], "status": "active", "state": "approved",
    }  # fmt: skip
    with database.connect() as db:
        member = names | {"student": made.students[1]}
        for before in ("join", "attempt", "score", "show", "owe", "meet"):
            db.execute(CHANGES[before].encode(), member)
        if first in ("leave", "transfer", "withdraw") or "join" not in (first, second):
            db.execute(CHANGES["join"].encode(), names)
        # What moves changes what is counted of the student; an attempt that is under way is the first.
        if "attempt" not in (first, second):
            db.execute(CHANGES["attempt"].encode(), names | {"state": "started"})

        def run(name: str) -> Callable[[Session], None]:
            return lambda session: (session.execute(CHANGES[name].encode(), names), None)[1]

        _interleave(database, run(first), run(second), isolation)
        assert drift(db) == []


def _interleave(
    database: Database,
    first: Callable[[Session], None],
    second: Callable[[Session], None],
    isolation: IsolationLevel,
) -> None:
    """Run `second` while `first` is done but not committed; then commit both, as far as they may."""
    with database.connect(autocommit=False) as one, database.connect(autocommit=False) as two:
        two.isolation_level = isolation
        two.execute("select 1")
        first(one)
        refused: list[psycopg.Error] = []

        def run() -> None:
            try:
                second(two)
                two.commit()
            except psycopg.Error as error:
                refused.append(error)
                two.rollback()

        thread = threading.Thread(target=run)
        thread.start()
        _until_blocked_or_done(database, two.info.backend_pid, thread)
        one.commit()
        thread.join(60)
        assert not thread.is_alive()
    assert all(isinstance(error, REFUSED) or error.sqlstate == "HR409" for error in refused), refused


def _until_blocked_or_done(database: Database, pid: int, thread: threading.Thread) -> None:
    with database.connect() as db:
        while thread.is_alive():
            if db.execute("select cardinality(pg_blocking_pids(%s))", (pid,)).fetchone() != (0,):
                return
            time.sleep(0.002)


def _queued(db: Session, org: int) -> set[tuple[Any, ...]]:
    """Take the marks of directors, and of the organization: of whom, of which cohort."""
    rows = db.execute(
        "with q as (delete from board.dashboard_update_queue where org_id = %s returning *) "
        "select subject, subject_id, cohort_id from q where subject in ('director', 'organization')",
        (org,),
    )
    return set(rows.fetchall())


def test_a_fact_marks_its_cohorts_and_their_directors(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, (one, _, three, _), (dan, eve), student = made.org, made.cohorts, made.directors, made.students[0]
    names = cohorts.dice_of(made, random.Random(1)) | {"student": student, "cohort": one, "other": three}
    with database.connect() as db:
        cohorts.join(db, org, one, student)
        cohorts.join(db, org, three, student, "withdrawn")
        _queued(db, org)
        both = {("director", dan, one), ("director", eve, three)}
        for name in ("score", "attempt", "show", "assess", "withdraw", "leave"):
            db.execute(CHANGES[name].encode(), names | {"mission": made.missions[1]})
            assert _queued(db, org) == both, name
        db.execute(CHANGES["join"].encode(), names)
        assert _queued(db, org) == {("director", dan, one)}
        for name in ("meet", "owe", "pay", "refund"):
            db.execute(CHANGES[name].encode(), names)
            assert _queued(db, org) == {("director", dan, one)}, name
        db.execute(CHANGES["meetings move"].encode(), names)
        assert _queued(db, org) == both
        for table, columns in (
            ("milestone", "(org_id, cohort_id, title, due_at) values (%s, %s, 'Half-way', now())"),
            ("cohort_mentor", "(org_id, cohort_id, mentor_id) values (%s, %s, %s)"),
        ):
            parameters = (org, one, dan)[: columns.count("%s")]
            db.execute(f"insert into school.{table} {columns}".encode(), parameters)
            assert _queued(db, org) == {("director", dan, one)}, table


def test_what_a_track_has_marks_its_director(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, (one, two, *_), (dan, eve), (track, other) = made.org, made.cohorts, made.directors, made.tracks
    with database.connect() as db:
        _queued(db, org)
        cohorts.add(db, "mission", org_id=org, track_id=track, title="Mission")
        assert _queued(db, org) == {("director", dan, None)}
        cohorts.add(db, "mission", org_id=org, title="Of every track")
        assert _queued(db, org) == {("organization", None, None)}
        cohorts.add(db, "competency", org_id=org, track_id=other, name="Reading", required_level=9)
        assert _queued(db, org) == {("director", eve, None)}
        db.execute("update school.program set name = 'Law' where id = %s", (made.program,))
        assert _queued(db, org) == {("director", dan, None), ("director", eve, None)}
        db.execute("update school.cohort set name = 'Spring' where id = %s", (one,))
        assert _queued(db, org) == {("director", dan, one)}
        db.execute("update school.cohort set track_id = %s where id = %s", (other, one))
        assert _queued(db, org) == {("director", dan, None), ("director", eve, None), ("director", eve, one)}
        db.execute("update school.track set director_id = %s where id = %s", (eve, track))
        assert _queued(db, org) == {("director", dan, None), ("director", eve, None), ("director", eve, two)}
        db.execute("delete from school.cohort where id = %s", (two,))
        assert _queued(db, org) == {("director", eve, None), ("director", None, two)}
        three = cohorts.add_cohort(db, org, track)
        assert _queued(db, org) == {("director", eve, None), ("director", eve, three)}
        db.execute("delete from school.track where id = %s", (track,))
        assert _queued(db, org) == {("director", eve, None), ("director", None, three)}
        db.execute("delete from school.person where id = %s", (eve,))
        assert {("director", eve, None), ("director", None, None)} <= _queued(db, org)


def test_who_cannot_know_the_director_marks_the_organization(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, cohort, (dan, _) = made.org, made.cohorts[0], made.directors
    with database.connect() as db:
        _queued(db, org)
        db.isolation_level = IsolationLevel.REPEATABLE_READ
        with db.transaction():
            cohorts.join(db, org, cohort, made.students[0])
        everybody = ("organization", None, None)
        assert _queued(db, org) == {("director", dan, cohort), everybody}
        with db.transaction():
            cohorts.add(db, "mission", org_id=org, track_id=made.tracks[0], title="Mission")
        assert _queued(db, org) == {("director", dan, None), everybody}


def test_a_writer_with_an_old_snapshot_counts_with_nothing_old(campus: tuple[Database, Campus]) -> None:
    """What was committed since decides what it counts: it is told to try again."""
    database, made = campus
    org, cohort, (ann, ben, *_) = made.org, made.cohorts[0], made.students
    names = cohorts.dice_of(made, random.Random(1)) | {
        "cohort": cohort, "mission": made.missions[0], "track": made.tracks[1], "student": ann,
        "status": "active",
    }  # fmt: skip
    with database.connect() as db:
        for meanwhile, late in (
            ("score", "show"),
            ("join", "attempt"),
            ("the cohort moves", "join"),
            ("the mission moves", "join"),
            ("the mission is a draft, or none", "attempt"),
        ):
            with database.connect(autocommit=False) as other:
                db.execute("delete from school.cohort_member where org_id = %s", (org,))
                db.execute(CHANGES["attempt"].encode(), names | {"state": "approved"})
                other.isolation_level = IsolationLevel.REPEATABLE_READ
                other.execute("select 1")
                db.execute(CHANGES[meanwhile].encode(), names)
                with pytest.raises(errors.SerializationFailure):
                    other.execute(CHANGES[late].encode(), names)
            assert drift(db) == []
            db.execute("update school.mission set track_id = %s, status = 'published'", (made.tracks[0],))
            db.execute("update school.cohort set track_id = %s where id = %s", (made.tracks[0], cohort))
        # Nobody else touched these: it is right.
        with database.connect(autocommit=False) as other:
            other.isolation_level = IsolationLevel.REPEATABLE_READ
            other.execute("select 1")
            db.execute(CHANGES["score"].encode(), names)
            other.execute(CHANGES["join"].encode(), names | {"student": ben})
            other.commit()
        assert drift(db) == []


@pytest.mark.parametrize(
    "change",
    [
        "the cohort moves",
        "the mission moves",
        "the mission is a draft, or none",
        "the mission is of every track",
    ],
)
def test_what_moves_many_has_to_see_all(campus: tuple[Database, Campus], change: str) -> None:
    database, made = campus
    names = cohorts.dice_of(made, random.Random(1)) | {
        "cohort": made.cohorts[0], "mission": made.missions[0], "track": made.tracks[1],
    }  # fmt: skip
    with database.connect() as db:
        db.isolation_level = IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.DatabaseError) as refused, db.transaction():
            db.execute(CHANGES[change].encode(), names)
        assert refused.value.sqlstate == "HR409"
        with db.transaction():
            # What moves nothing may be written.
            db.execute("update school.cohort set name = 'Spring', track_id = track_id")
            db.execute("update school.mission set status = 'closed' where status = 'published'")


def _paid(db: Session, made: Campus, amount: float, status: str = "paid") -> UUID:
    return cohorts.add(
        db, "payment", org_id=made.org, cohort_id=made.cohorts[0], student_id=made.students[0], amount=amount,
        status=status, due_on="2026-02-01", paid_on="2026-02-02" if status == "paid" else None,
    )  # fmt: skip


def _refund(db: Session, made: Campus, payment: UUID, amount: float) -> UUID:
    return cohorts.add(
        db, "refund", org_id=made.org, cohort_id=made.cohorts[0], payment_id=payment, amount=amount,
        refunded_on="2026-03-01",
    )  # fmt: skip


def _refused(db: Session, statement: str, *parameters: Any) -> str | None:
    try:
        db.execute(statement.encode(), parameters)
    except psycopg.Error as error:
        return error.sqlstate
    return ""


def test_refunds_add_up_to_no_more_than_was_paid(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    with database.connect() as db:
        payment, due = _paid(db, made, 100), _paid(db, made, 100, "due")
        first = _refund(db, made, payment, 60)
        for unpaid, amount in ((payment, 40.01), (due, 1)):
            with pytest.raises(psycopg.DatabaseError) as refused:
                _refund(db, made, unpaid, amount)
            assert refused.value.sqlstate == "HR409"
        second = _refund(db, made, payment, 40)
        assert _refused(db, "update school.refund set amount = 41 where id = %s", second) == "HR409"
        assert _refused(db, "update school.refund set payment_id = %s where id = %s", due, second) == "HR409"
        assert _refused(db, "update school.payment set amount = 99.99 where id = %s", payment) == "HR409"
        unpay = "update school.payment set status = 'due', paid_on = null where id = %s"
        assert _refused(db, unpay, payment) == "HR409"
        db.execute("delete from school.refund where id in (%s, %s)", (first, second))
        assert _refused(db, unpay, payment) == ""
        assert drift(db) == []


@pytest.mark.parametrize("second", ["refund", "less", "unpaid"])
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize(
    "isolation",
    [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ],
    ids=["committed", "repeatable"],
)
def test_two_refunds_at_once_meet(
    campus: tuple[Database, Campus], second: str, turned: bool, isolation: IsolationLevel
) -> None:
    database, made = campus
    with database.connect() as db:
        payment = _paid(db, made, 100)

        def refund(session: Session) -> None:
            _refund(session, made, payment, 60)

        def other(session: Session) -> None:
            if second == "refund":
                _refund(session, made, payment, 41)
            elif second == "less":
                session.execute("update school.payment set amount = 59 where id = %s", (payment,))
            else:
                session.execute(
                    "update school.payment set status = 'cancelled', paid_on = null where id = %s", (payment,)
                )

        _interleave(database, *((other, refund) if turned else (refund, other)), isolation)
        too_much = db.execute(
            "select p.* from school.payment as p where (p.status <> 'paid' or p.amount < 101) and "
            "(select sum(r.amount) from school.refund as r where r.payment_id = p.id) > "
            "case when p.status = 'paid' then p.amount else 0 end"
        ).fetchall()
        assert too_much == []
        assert drift(db) == []


def test_a_person_who_goes_leaves_what_was_paid(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    with database.connect() as db:
        payment = _paid(db, made, 100)
        _refund(db, made, payment, 60)
        db.execute("delete from school.person where id = %s", (made.students[0],))
        assert _total(db, made.org, made.cohorts[0], "paid_amount", "refunded_amount") == (100, 60)
        assert db.execute("select student_id from school.payment").fetchall() == [(None,)]


def test_mending_puts_right_what_is_kept_of_members(campus: tuple[Database, Campus]) -> None:
    database, made = campus
    org, (ann, ben, *_) = made.org, made.students
    with database.connect() as db:
        for student in (ann, ben):
            cohorts.join(db, org, made.cohorts[0], student)
        db.execute("update board.cohort_member_progress set readiness_sum = 7, active = 0")
        db.execute("delete from board.cohort_member_progress where student_id = %s", (ben,))
        db.execute(
            "insert into board.cohort_delta (org_id, cohort_id, month, refunds) "
            "values (%s, %s, '2026-01-01', 3)",
            (org, made.cohorts[1]),
        )
        assert len(drift(db)) == 4
        with database.connect(autocommit=False) as writer:
            # Whoever counts is waited for: what was found wrong before is looked at again.
            writer.execute(CHANGES["score"].encode(), {"org": org, "student": ann, "n": 30})
            waiting = threading.Thread(target=_mend, args=(database, org))
            waiting.start()
            _until_blocked_or_done(database, _pid_of_mending(db, waiting), waiting)
            assert waiting.is_alive()
            writer.commit()
            waiting.join(60)
        assert drift(db) == []


def _mend(database: Database, org: int) -> None:
    with database.connect() as db:
        for aggregate in ("cohort_member_progress", "cohort_rollup", "cohort_month_rollup"):
            db.execute("select * from ops.mend(%s::regclass, %s)", (f"board.{aggregate}", org)).fetchall()


def _pid_of_mending(db: Session, thread: threading.Thread) -> int:
    while thread.is_alive():
        row = db.execute(
            "select pid from pg_stat_activity where query like '%ops.mend(%' and pid <> pg_backend_pid()"
        ).fetchone()
        if row:
            return int(row[0])
    raise AssertionError("nothing was waited for")
