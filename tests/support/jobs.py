"""Jobs of a test's own, in place of the release's, and a log of what ran."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

LOG = "insert into public.log (org) values ($1)"


def slow(seconds: float) -> str:
    """What a job calls to leave its row after so long."""
    return f"insert into public.log (org) select $1 from pg_sleep({seconds})"


@dataclass(frozen=True)
class Job:
    """A row of ops.job; by default daily, for the whole system, and it leaves a row in public.log."""

    name: str
    call: str = LOG
    every: str = "1 day"
    origin: str = "2000-01-01 00:00:00+00"
    per_organization: bool = False


def plant(db: psycopg.Connection[Any], *jobs: Job, due: bool = True) -> None:
    """Let these be all the jobs there are, and due now (or when their time comes). `db`: a superuser's."""
    db.execute(
        "create table if not exists public.log (org bigint, at timestamptz default clock_timestamp(), "
        "who name default current_user, pid integer default pg_backend_pid(), "
        "transaction xid8 default pg_current_xact_id()); grant insert on public.log to homeroom_owner"
    )
    row = sql.SQL("select {}::text, ''::text, {}::interval, {}::timestamptz, {}::text, {}::boolean")
    values = (row.format(j.name, j.every, j.origin, j.call, j.per_organization) for j in jobs)
    db.execute(
        sql.SQL(
            "create or replace view ops.job (name, description, every, origin, call, per_organization) as {}"
        ).format(sql.SQL(" union all ").join(values))
    )
    db.execute("call ops.run_due_jobs('0 seconds')")  # makes their rows
    if due:
        db.execute("update ops.job_run set next_due = now()")
