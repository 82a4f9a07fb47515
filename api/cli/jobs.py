"""What happens by itself: `work` (the worker, in the foreground) and `jobs` (how each job fares)."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import datetime, timedelta

import click
import psycopg

from api.cli.context import (
    admin_connection,
    open_database,
    plain,
    reported,
    require_current,
    settings_from_environment,
)
from db.session import as_owner

HEADER = ("JOB", "EVERY", "ORGANIZATIONS", "LAST RUN", "TOOK", "NEXT DUE", "LAST RUN'S RESULT")
UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


@click.command(short_help="Run the worker: dashboards in the queue, and jobs.")
@reported
def work() -> None:
    """Run the worker in the foreground: it drains the dashboards' queue and runs the jobs that are due.

    Ctrl-C ends it after what it is at. `homeroom up` has a worker already. Any number may run at once, beside
    pg_cron too: no job runs twice, and no dashboard is computed by two.
    """
    from api import logs  # slow to load
    from listener import worker

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with open_database(settings_from_environment(), start=False) as settings:
        logs.configure(settings.log_level)
        worker.run(settings.database_url or "", stopped)


@click.command(short_help="Show each job: how often it runs, and how it fares.")
@click.option("--run", "name", metavar="NAME", help="First run this job, and whatever else is due.")
@reported
def jobs(name: str | None) -> None:
    """Show each job: how often it runs, when it last did, how long that took, what went wrong.

    Writers of facts do not all wait for one total: they append deltas (what changes in the totals of courses
    and organizations), which readers add to the totals. The job `fold totals` folds deltas into the totals,
    so that few are left to add; the numbers are exact before and after. ORGANIZATIONS says for how many a job
    runs, 1 also for a job of the whole system.

    Exit code 1 if the last run of any job failed.
    """
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        require_current(settings)
        if name is not None:
            _run(db, name)
        with as_owner(db):
            rows = db.execute(
                "select name, every, organizations, last_run, duration, next_due, failing "
                "from ops.job_status order by name"
            ).fetchall()
            errors = db.execute(
                "select job, org_id, failures, error from ops.job_run where error is not null order by 1, 2"
            ).fetchall()
    lines = [HEADER]
    for job, every, places, last_run, duration, next_due, failing in rows:
        result = f"{failing} of {places} failed" if failing else "ok" if last_run else ""
        lines.append((job, _every(every), str(places), _at(last_run), _took(duration), _at(next_due), result))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    for job, org, failures, error in errors:
        where = f"organization {org}" if org else "the system"
        click.echo(f"\n{job}, for {where}, failed {failures} times in a row:\n  {plain(error)}")
    sys.exit(1 if errors else 0)


def _run(db: psycopg.Connection, name: str) -> None:
    """Make a job due for all organizations, and run what is due."""
    db.execute("call ops.run_due_jobs('0 seconds')")  # each organization gets its row
    with as_owner(db):
        if not db.execute("update ops.job_run set next_due = now() where job = %s", (name,)).rowcount:
            raise click.ClickException(f"there is no job {name}")
    db.execute("call ops.run_due_jobs()")


def _every(interval: timedelta) -> str:
    """An interval in its largest unit that leaves no fraction: 10 s, 5 min, 1 h, 1 d."""
    for unit, name in UNITS:
        if interval % unit == timedelta(0):
            return f"{interval // unit} {name}"
    return f"{interval.total_seconds():g} s"


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S%z}" if moment else ""


def _took(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.3f} s"


COMMANDS = [work, jobs]
