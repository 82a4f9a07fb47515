"""Dashboards and their queue, as the tests of workers look at them."""

import json
from typing import Any
from uuid import UUID

import psycopg

Session = psycopg.Connection[Any]

WAITING = "select count(*) from board.dashboard_update_queue where processed_at is null and dead_at is null"
# Documents that are kept and are not what they would be now; each student once.
WRONG = """
select c.student_id
from board.student_dashboard_cache as c
join lateral board.student_documents(c.org_id, array[c.student_id]) as d on true
where c.document::jsonb is distinct from d.document::jsonb
"""


def one(db: Session, query: str, *parameters: Any) -> Any:
    """The one value that a query answers."""
    row = db.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def students_of(db: Session, org: int) -> list[UUID]:
    """All students of an organization."""
    rows = db.execute(
        "select student_id from board.student_dashboard_cache where org_id = %s order by 1", (org,)
    )
    return [row[0] for row in rows]


def read(api: Session, org: int, student: UUID) -> dict[str, Any]:
    """A student's dashboard by the API's login, less what is not the document's."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    query = "select (api.student_dashboard(%s, true, true)).document"
    document: dict[str, Any] = json.loads(one(api, query, claims))
    return {key: value for key, value in document.items() if key not in ("leaderboard", "last_updated")}


def computed(db: Session, org: int, student: UUID) -> dict[str, Any]:
    """What it would be now."""
    document: dict[str, Any] = one(db, "select document from board.student_documents(%s, %s)", org, [student])
    return document


def take(api: Session, org: int, student: UUID, action: dict[str, Any]) -> None:
    """A student's action by the API's login."""
    claims = json.dumps({"sub": str(student), "org": org, "role": "student"})
    api.execute("select api.student_action(%s, %s, null)", (claims, json.dumps(action, default=str)))


def crowd(db: Session, org: int, number: int) -> None:
    """So many students, each with a badge, all in the queue."""
    db.execute(
        "with people as (insert into school.person (org_id, name) "
        "select %s, 'Student ' || n from generate_series(1, %s) as n returning org_id, id) "
        "insert into school.person_role (org_id, person_id, role) select org_id, id, 'student' from people",
        (org, number),
    )
    award(db, org)
    db.execute("analyze")


def award(db: Session, org: int) -> None:
    """One more badge for each student of an organization, which puts them into the queue."""
    db.execute(
        "insert into school.badge (org_id, student_id, name) "
        "select org_id, student_id, 'B' from board.student_dashboard_cache where org_id = %s",
        (org,),
    )


def watch(db: Session, pause: float = 0) -> None:
    """Keep who refreshed whom in public.refreshed; each batch takes at least `pause` seconds."""
    db.execute(
        "create table public.refreshed (student_id uuid, pid integer default pg_backend_pid(), "
        "n bigint generated always as identity);"
        "create function public.watch() returns trigger language plpgsql security definer as $$ begin "
        "insert into public.refreshed (student_id) select student_id from new_rows; "
        f"perform pg_sleep({pause}); return null; end $$;"
        "create trigger watch after update on board.student_dashboard_cache "
        "referencing new table as new_rows for each statement execute function public.watch()".encode()
    )
