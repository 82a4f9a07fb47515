"""Bringing dashboards up to date, a transaction per batch: what the worker and `homeroom refresh` run."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg

from db.session import as_owner

BATCH = 500


def drain_batch(db: psycopg.Connection) -> int:
    """Refresh a batch of those who wait in the queue; how many were tried, 0 when nobody waits."""
    return _number(db, "select board.drain_queue(%s)", BATCH)


def drain(db: psycopg.Connection) -> Iterator[int]:
    """Refresh whoever waits in the queue; yields how many each batch had."""
    while batch := drain_batch(db):
        yield batch


def stale(db: psycopg.Connection) -> Iterator[int]:
    """Refresh the dashboards that time has put out of date; yields how many each batch had."""
    for org in _organizations(db):
        while batch := _number(db, "select board.refresh_stale_dashboards(%s)", org):
            yield batch


def mark(
    db: psycopg.Connection,
    student: UUID | None = None,
    director: UUID | None = None,
    cohort: UUID | None = None,
) -> int:
    """Put a student, a director, a cohort, or all with a dashboard into the queue; how many marks it took."""
    everybody = not (student or director or cohort)
    marked = 0
    for org in _organizations(db):
        if everybody or student:
            marked += _number(db, "select board.mark_students(%s, %s)", org, student)
        if everybody or director or cohort:
            marked += _number(db, "select board.mark_directors(%s, %s, %s)", org, director, cohort)
        if everybody:
            marked += _number(db, "select board.mark_dashboards(%s)", org)
    return marked


def _organizations(db: psycopg.Connection) -> list[int]:
    with as_owner(db):
        rows = db.execute("select org_id from school.organization order by org_id").fetchall()
    return [int(row[0]) for row in rows]


def _number(db: psycopg.Connection, query: str, *parameters: object) -> int:
    with as_owner(db):
        row = db.execute(query.encode(), parameters).fetchone()
    return int(row[0]) if row else 0
