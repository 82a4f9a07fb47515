"""Comparing aggregates with their facts, and mending them: what `homeroom verify` and `backfill` run.

All of it is SQL (ops.verify, ops.mend, ops.backfill_step); here are only the transactions, one organization
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from db.session import as_owner


@dataclass(frozen=True)
class Check:
    """What a comparison found for one aggregate."""

    aggregate: str
    drifting_rows: int
    drift: Decimal


@dataclass(frozen=True)
class Difference:
    """A row that was not what its facts say: by its key, and what has to be (or was) added."""

    org_id: int
    aggregate: str
    key: dict[str, Any]
    difference: dict[str, Any]


@dataclass(frozen=True)
class Organization:
    """An organization and how many people a backfill goes through."""

    id: int
    name: str
    people: int


@dataclass(frozen=True)
class Step:
    """A batch of a backfill: how many people are done by now, and what this batch found."""

    people: int
    differences: list[Difference]
    resumed: int = 0
    """How many an earlier run had done; of the first step only."""


def verify(db: psycopg.Connection) -> list[Check]:
    """Compare all aggregates under one snapshot and publish the outcome in ops.aggregate_check."""
    with as_owner(db):
        rows = db.execute("select aggregate, drifting_rows, drift from ops.verify()").fetchall()
    return [Check(*row) for row in rows]


def repair(db: psycopg.Connection) -> Iterator[Difference]:
    """Add what differs, a transaction per aggregate and organization that drifts; yields what was added."""
    with as_owner(db):
        drifting = db.execute(
            "select a.kept::text, d.org_id "
            "from ops.aggregate as a join ops.drift() as d on d.aggregate = a.kept "
            "group by a.place, a.kept, d.org_id order by a.place, d.org_id"
        ).fetchall()
    for aggregate, org in drifting:
        with as_owner(db):
            mended = db.execute("select key, difference from ops.mend(%s, %s)", (aggregate, org)).fetchall()
        for key, difference in mended:
            yield Difference(org, aggregate, key, difference)


def organizations(db: psycopg.Connection) -> list[Organization]:
    """All organizations with their number of people."""
    with as_owner(db):
        rows = db.execute(
            "select o.org_id, o.name, (select count(*) from school.person as p where p.org_id = o.org_id) "
            "from school.organization as o order by o.org_id"
        ).fetchall()
    return [Organization(*row) for row in rows]


def organizations_of(db: psycopg.Connection, person: UUID, org: int | None) -> list[int]:
    """Organizations (of all, or this one) that know a person of this id."""
    with as_owner(db):
        rows = db.execute(
            "select org_id from school.person where id = %s and (%s::bigint is null or org_id = %s)",
            (person, org, org),
        ).fetchall()
    return [org_id for (org_id,) in rows]


def mend_student(db: psycopg.Connection, org: int, student: UUID, *, dry_run: bool) -> list[Difference]:
    """Add what differs in one student's numbers, or with dry_run only say so."""
    return _mend_students(db, org, [student], dry_run)


def backfill(db: psycopg.Connection, org: int, batch: int, *, dry_run: bool, restart: bool) -> Iterator[Step]:
    """Go through an organization's people, `batch` in a transaction; goes on after a run that was broken off.

    With dry_run nothing is changed, the place where an earlier run stopped included.
    """
    if dry_run:
        yield from _dry_run(db, org, batch)
        return
    with as_owner(db):
        row = db.execute(
            "select students from ops.backfill where org_id = %s and finished_at is null", (org,)
        ).fetchone()
    resumed = row[0] if row and not restart else 0
    finished = False
    while not finished:
        with as_owner(db):
            step = db.execute(
                "select students, finished, differences from ops.backfill_step(%s, %s, %s)",
                (org, batch, restart),
            ).fetchone()
        assert step
        people, finished, differences = step
        yield Step(people, [Difference(org, **found) for found in differences], resumed)
        restart, resumed = False, 0


def _dry_run(db: psycopg.Connection, org: int, batch: int) -> Iterator[Step]:
    done, last = 0, None
    while True:
        with as_owner(db):
            row = db.execute("select ops.backfill_batch(%s, %s, %s)", (org, last, batch)).fetchone()
        people = row[0] if row else []
        done += len(people)
        yield Step(done, _mend_students(db, org, people, True))
        if len(people) < batch:
            return
        last = people[-1]


def _mend_students(db: psycopg.Connection, org: int, people: list[UUID], dry_run: bool) -> list[Difference]:
    with as_owner(db):
        rows = db.execute(
            "select aggregate::text, key, difference from ops.mend_students(%s, %s, %s)",
            (org, people, dry_run),
        ).fetchall()
    return [Difference(org, *row) for row in rows]
