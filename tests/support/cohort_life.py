"""What cohorts go through (cohort_life.sql), and what directors should read then (cohort_recount.sql)."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

HERE = Path(__file__).parent
Session = psycopg.Connection[Any]


def prepare(db: Session) -> None:
    """Install the recount and the changes."""
    for name in ("cohort_recount.sql", "cohort_life.sql"):
        db.execute((HERE / name).read_bytes())


def live(url: str, org: int, changes: int, session: int = 0) -> None:
    """Make so many changes, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True, options="-c deadlock_timeout=10ms") as db:
        arguments = (org, changes, session, (session + 1) / 100)
        db.execute("call tests_life.run(%s, %s, %s, %s)", arguments)


def happened(db: Session) -> dict[str, int]:
    """How often each kind of change was committed, and each error by its SQLSTATE."""
    rows = db.execute("select kind, sum(n)::bigint from tests_life.done group by kind").fetchall()
    return {str(kind): int(n) for kind, n in rows}


def kinds(db: Session) -> set[str]:
    """All kinds of change."""
    return {str(kind) for (kind,) in db.execute("select kind from tests_life.change").fetchall()}


def directors(db: Session, org: int) -> list[UUID]:
    """Who holds the role."""
    query = "select person_id from school.person_role where org_id = %s and role = 'director' order by 1"
    return [person for (person,) in db.execute(query, (org,)).fetchall()]


def items(db: Session, org: int, director: UUID | None = None) -> dict[str, Any]:
    """What the list should say of each cohort of a director (null: of all): the numbers, by id."""
    rows = db.execute(
        "select cohort_id::text, item from tests_cohorts.item "
        "where org_id = %(org)s and (%(director)s::uuid is null or director_id = %(director)s)",
        {"org": org, "director": director},
    ).fetchall()
    return dict(rows)


def pages(db: Session, org: int) -> dict[str, Any]:
    """What the page of each cohort should say besides, by id."""
    query = "select cohort_id::text, page from tests_cohorts.page where org_id = %s"
    return dict(db.execute(query, (org,)).fetchall())


def summary(db: Session, org: int, director: UUID | None = None) -> dict[str, Any]:
    """What the numbers of the summary should be."""
    row = db.execute("select tests_cohorts.summary(%s, %s)", (org, director)).fetchone()
    assert row
    answer: dict[str, Any] = row[0]
    return answer


def asked(api: Session, function: str, org: int, person: UUID, role: str, *arguments: Any) -> Any:
    """What an api function answers that person, in a session of the API's login."""
    places = "".join(", %s" for _ in arguments)
    claims = json.dumps({"sub": str(person), "org": org, "role": role})
    with api.transaction():
        call = f"api.{function}(%s{places})"
        answer = f"({call}).document" if function in ("director_summary", "director_cohort") else call
        row = api.execute(f"select {answer}".encode(), (claims, *arguments)).fetchone()
    assert row
    return json.loads(row[0]) if isinstance(row[0], str) else row[0]


def listed(api: Session, org: int, person: UUID, role: str) -> dict[str, Any]:
    """All cohorts that the person directs, as the list says, by id."""
    found: dict[str, Any] = {}
    cursor = None
    while True:
        page = asked(
            api, "director_cohorts", org, person, role, None, None, None, None, "name", False, 500, cursor
        )
        found |= {item["id"]: item for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            assert len(found) == page["total"]
            return found
