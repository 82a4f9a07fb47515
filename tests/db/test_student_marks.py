"""A stored dashboard that differs from one computed now is never taken for fresh: in any order."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support import dashboards
from tests.support.changes import REFUSED, dirty_tables, random_change, savepoint
from tests.support.columns import SHOWN
from tests.support.dashboards import COMPARED, Rich, add, look_at

Session = psycopg.Connection[Any]


def _stale_taken_for_fresh(session: Session, org: int) -> list[Any]:
    """Return whose dashboard would be answered although it differs; this must be nobody's at any moment."""
    return [row for row in session.execute(COMPARED, {"org": org}) if row[1] and row[2]]


# What makes a student share a fact, and how to take it back; what changes that fact.
JOINS = {
    "joins the cohort": (
        "insert into school.cohort_member (org_id, cohort_id, student_id) "
        "values (%(org)s, %(cohort)s, %(cid)s)",
        "delete from school.cohort_member where student_id = %(cid)s",
    ),
    "enrolls": (
        "insert into school.enrollment (org_id, course_id, student_id) values (%(org)s, %(course)s, %(cid)s)",
        "delete from school.enrollment where student_id = %(cid)s",
    ),
    "begins the mission": (
        "insert into school.mission_attempt (org_id, mission_id, student_id) "
        "values (%(org)s, %(page)s, %(cid)s)",
        "delete from school.mission_attempt where student_id = %(cid)s",
    ),
    "gets another mentor": (
        "update school.cohort_mentor set mentor_id = %(max)s",
        "update school.cohort_mentor set mentor_id = %(mia)s",
    ),
    "changes track with the cohort": (
        "update school.cohort set track_id = %(other_track)s where id = %(cohort)s",
        "update school.cohort set track_id = %(track)s where id = %(cohort)s",
    ),
}
MEANWHILE = [
    ("joins the cohort", "update school.cohort set name = name || 'x' where id = %(cohort)s"),
    ("joins the cohort", "update school.mentor_session set title = title || 'x' where title ~ 'live'"),
    ("joins the cohort", "update school.competency set name = name || 'x' where name ~ 'Git'"),
    ("joins the cohort", "update school.person set name = name || 'x' where id = %(mia)s"),
    ("enrolls", "update school.assignment set title = title || 'x' where title ~ 'sets'"),
    ("enrolls", "update school.quiz set title = title || 'x' where title ~ 'roots'"),
    ("begins the mission", "update school.mission set title = title || 'x' where id = %(page)s"),
    ("gets another mentor", "update school.person set name = name || 'x' where id = %(max)s"),
    ("changes track with the cohort", "update school.competency set name = name || 'x' where name ~ 'CSS'"),
]


def _orders() -> Iterator[list[str]]:
    """Every order of two transactions, each a change and its commit, and a third that computes and stores."""
    for begin in range(3):
        for end in range(begin, 3):
            for first, second in (("join", "share"), ("share", "join")):
                nested = [f"{first}", f"{second}", f"{second} commits", f"{first} commits"]
                crossed = [f"{first}", f"{second}", f"{first} commits", f"{second} commits"]
                for order in (nested, crossed):
                    # Before the one commits, between them, after both: there it looks, there it commits.
                    steps = list(order)
                    steps.insert(2 + end, "refresh commits")
                    steps.insert(2 + begin, "refresh")
                    yield steps


@pytest.mark.long
@pytest.mark.parametrize(("join", "change"), MEANWHILE)
def test_who_comes_to_share_a_fact_while_it_changes(rich: Rich, join: str, change: str) -> None:
    """All three transactions overlap in every order; after each step nothing stale passes for fresh."""
    database, org, names = rich.database, rich.org, rich.names
    coming, going = JOINS[join]
    with database.connect() as db:
        names["org"] = org
        found: Counter[tuple[bool, bool]] = Counter()
        orders = list(_orders())
        for steps in orders if database.version == 18 else orders[::4]:
            db.execute(going.encode(), names)
            dashboards.refresh(db, org)
            with (
                database.connect(autocommit=False) as joining,
                database.connect(autocommit=False) as sharing,
                database.connect(autocommit=False) as refreshing,
            ):
                sessions = {"join": joining, "share": sharing, "refresh": refreshing}
                for step in steps:
                    session = sessions[step.split()[0]]
                    if step.endswith("commits"):
                        session.commit()
                        # The worker tells those of whom it knows, and may know too early.
                        db.execute("select board.spread_shared_marks(%s)", (org,))
                    elif step == "refresh":
                        assert dashboards.refresh(session, org) == 3
                    else:
                        session.execute((coming if step == "join" else change).encode(), names)
                    looks = db.execute(COMPARED, {"org": org}).fetchall()
                    assert [row for row in looks if row[1] and row[2]] == [], (steps, step)
                    found.update((row[1], row[2]) for row in looks)
        assert found[True, False] and found[False, True]


def test_a_transaction_that_refreshes_and_goes_on_changing(rich: Rich) -> None:
    """Its second change has the number of its first, which the refresh saw."""
    database, org, names = rich.database, rich.org, rich.names
    with database.connect() as db, database.connect(autocommit=False) as session:
        dashboards.refresh(db, org)
        session.execute("update school.cohort set name = 'first' where name = 'fall'")
        # Others commit: the session's number is no longer the highest.
        add(db, org, "badge", student_id=names["ben"], name="moon")
        assert dashboards.refresh(session, org) == 3
        session.execute("update school.cohort set name = 'second' where name = 'first'")
        session.commit()
        assert look_at(db, org, names["ann"]).differs
        assert _stale_taken_for_fresh(db, org) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(rich: Rich, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(seed)
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh(db, org)
        tables = dirty_tables(database, SHOWN)
        deck: list[str] = []
        at_hand: dict[Session, str] = {}
        changes: Counter[str] = Counter()
        found: Counter[tuple[bool, bool]] = Counter()
        options = "-c lock_timeout=20ms"
        with (
            database.connect(autocommit=False, options=options) as one,
            database.connect(autocommit=False, options=options) as two,
            database.connect(options=options) as worker,
        ):
            while changes.total() < (300 if database.version == 18 else 100):
                session = dice.choice([one, two])
                step = dice.choices(
                    ["change", "commit", "rollback", "refresh", "drain", "refresh mid-way"],
                    [35, 25, 2, 15, 15, 8],
                )[0]
                try:
                    if step == "change":
                        # Mostly of one kind: nothing else in the transaction marks what its trigger forgets.
                        if not deck:
                            deck = dice.sample(list(tables), len(tables))
                        idle = session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                        if idle or dice.random() < 0.2:
                            at_hand[session] = deck.pop()
                        table = at_hand[session]
                        changes[table] += random_change(session, dice, table, tables[table], names)
                    elif step == "commit":
                        if dice.random() < 0.7:
                            # So that nothing but this transaction makes a difference.
                            dashboards.refresh(worker, org)
                        session.commit()
                    elif step == "rollback":
                        session.rollback()
                    elif step == "refresh":
                        dashboards.refresh(worker, org)
                    elif step == "drain":
                        worker.execute("select board.drain_students(%s)", (org,))
                    else:
                        with savepoint(session):
                            dashboards.refresh(session, org)
                except REFUSED:
                    continue
                if step in ("change", "rollback"):
                    continue  # nobody else sees it
                looks = db.execute(COMPARED, {"org": org}).fetchall()
                assert [row for row in looks if row[1] and row[2]] == [], (seed, step, changes)
                found.update((row[1], row[2]) for row in looks)
        assert found[True, False] > 20 and found[False, True] > 20
        assert len(changes) > 20
