"""A stored dashboard that differs from one computed now is never taken for fresh: in any order."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support import dashboards
from tests.support.columns import SHOWN, columns_of
from tests.support.dashboards import COMPARED, Rich, add, look_at

Session = psycopg.Connection[Any]

DIRTY_TABLES = """
select distinct c.relname
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid and not c.relispartition
where c.relnamespace = 'school'::regnamespace and t.tgname ~ '__dirty'
order by c.relname
"""


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


# A copy of a row is a new fact, of anybody and anywhere.
COPIED = {
    "student_id": "select r.person_id from school.person_role as r where r.role = 'student'",
    "person_id": "select r.person_id from school.person_role as r where r.role = 'student'",
    "mentor_id": "select r.person_id from school.person_role as r where r.role = 'mentor'",
    **{
        f"{table}_id": f"select t.id from school.{table} as t"
        for table in ("track", "cohort", "course", "competency", "mission")
    },
    "session_id": "select t.id from school.mentor_session as t",
    "scored_at": "select now() - n * interval '36 hours' from generate_series(0, 30) as n",
    "day": "select current_date - n from generate_series(0, 3) as n",
}
# … but for what belongs to one thing.
KEPT = {"submission": {"course_id"}, "quiz_attempt": {"course_id"}, "habit_log": {"student_id"}}
PICK = "order by md5(%(dice)s || {0}::text) limit 1"


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    """What fails is taken back; what was done before stays open, and so does what succeeds."""
    session.execute("select 1")  # outside of a transaction psycopg would begin one here, and commit it
    with session.transaction():
        yield


def _random_change(session: Session, dice: random.Random, table: str, columns: list[str], names: Any) -> int:
    """Insert, update or delete one row of a table; return how many rows that were."""
    values = {**names, "dice": str(dice.random())}
    some = f"(t.ctid, t.tableoid) = (select p.ctid, p.tableoid from school.{table} as p {PICK.format('p')})"
    act = dice.choices(["insert", "update", "delete"], [4, 5, 1])[0]
    if table in ("organization", "person") or act == "update":
        change = dice.choice(list(SHOWN[table].values()))[0]
        # The column's own value may be that already: then it is a touch, which may mark but must not matter.
        statement = f"update school.{table} as t set {change} where {some}"
    elif act == "delete":
        statement = f"delete from school.{table} as t where {some}"
    else:
        kept = KEPT.get(table, set())
        new = {name: COPIED[name] for name in columns if name in COPIED and name not in kept}
        if table in ("submission", "quiz_attempt"):
            new["student_id"] = COPIED["student_id"]
        copied = ", ".join(
            "gen_random_uuid()" if name == "id"
            else f"(select p.x from ({new[name]}) as p (x) {PICK.format('p.x')})" if name in new
            else f"t.{name}"
            for name in columns
        )  # fmt: skip
        statement = (
            f"insert into school.{table} ({', '.join(columns)}) select {copied} from school.{table} as t "
            f"where {some} on conflict do nothing"
        )
    with _savepoint(session):
        return session.execute(statement.encode(), values).rowcount


REFUSED = (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable)


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_of_two_sessions(rich: Rich, seed: int) -> None:
    """One driver moves two sessions and a worker step by step: which overlap is drawn, not left to chance."""
    database, org, names = rich.database, rich.org, rich.names
    dice = random.Random(seed)
    with database.connect() as db:
        names["far"] = dashboards.noon_zone(half_a_day_away=True)
        dashboards.refresh(db, org)
        tables = {
            table: [
                name for of, name, _ in columns_of(database)
                # An identity numbers itself.
                if of == table and (table, name) != ("interaction", "id")
            ]
            for (table,) in db.execute(DIRTY_TABLES).fetchall()
        }  # fmt: skip
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
                        changes[table] += _random_change(session, dice, table, tables[table], names)
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
                        with _savepoint(session):
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
