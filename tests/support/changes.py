"""Random changes of facts, of whatever kind: what a stored dashboard has to survive."""

import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.support.columns import SHOWN, columns_of
from tests.support.servers import Database

Session = psycopg.Connection[Any]

REFUSED = (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable)

DIRTY_TABLES = """
select distinct c.relname
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid and not c.relispartition
where c.relnamespace = 'school'::regnamespace and t.tgname ~ '__dirty'
order by c.relname
"""


def dirty_tables(database: Database, shown: Collection[str]) -> dict[str, list[str]]:
    """Of each table of these whose changes mark a dashboard: the columns that a copy of a row has."""
    with database.connect() as db:
        return {
            table: [
                name for of, name, _ in columns_of(database)
                # An identity numbers itself.
                if of == table and (table, name) != ("interaction", "id")
            ]
            for (table,) in db.execute(DIRTY_TABLES).fetchall()
            if table in shown
        }  # fmt: skip


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
def savepoint(session: Session) -> Iterator[None]:
    """What fails is taken back; what was done before stays open, and so does what succeeds."""
    session.execute("select 1")  # outside of a transaction psycopg would begin one here, and commit it
    with session.transaction():
        yield


def random_change(
    session: Session, dice: random.Random, table: str, columns: list[str], names: Any, shown: Any = SHOWN
) -> int:
    """Insert, update or delete one row of a table; return how many rows that were."""
    values = {**names, "dice": str(dice.random())}
    some = f"(t.ctid, t.tableoid) = (select p.ctid, p.tableoid from school.{table} as p {PICK.format('p')})"
    act = dice.choices(["insert", "update", "delete"], [4, 5, 1])[0]
    if table in ("organization", "person") or act == "update":
        change = dice.choice(list(shown[table].values()))[0]
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
    with savepoint(session):
        return session.execute(statement.encode(), values).rowcount
