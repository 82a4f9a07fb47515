"""Dashboards by hand: `refresh`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.context import (
    admin_connection,
    counted,
    open_database,
    reported,
    require_current,
    say,
    settings_from_environment,
)
from db import refresh as dashboards


@click.command(short_help="Bring dashboards up to date.")
@click.option("--queue-only", is_flag=True, help="Only those who wait in the queue.")
@click.option("--stale-only", is_flag=True, help="Only those that time has put out of date.")
@click.option(
    "--all",
    "everybody",
    is_flag=True,
    help="Everybody's, whether or not it is out of date; of parents and staff, those ever looked at.",
)
@click.option("--student-id", type=click.UUID, help="One student's, whether or not it is out of date.")
@click.option("--director-id", type=click.UUID, help="One director's, and the cohorts', likewise.")
@click.option("--cohort-id", type=click.UUID, help="One cohort's, and its director's, likewise.")
@click.option("--sync", is_flag=True, help="With --all or an id: refresh now, not by the worker.")
@reported
def refresh(
    queue_only: bool,
    stale_only: bool,
    everybody: bool,
    student_id: UUID | None,
    director_id: UUID | None,
    cohort_id: UUID | None,
    sync: bool,
) -> None:
    """Bring dashboards up to date: those that wait in the queue, and those whose time has run out.

    With --all or an id marks are put into the queue, which the worker drains; with --sync it is drained here.
    A mark means one dashboard; a director's the summary and all cohorts, a cohort's the summaries, too.
    Readers never need this: a dashboard that is out of date is computed when it is read.
    """
    whose = {"student": student_id, "director": director_id, "cohort": cohort_id}
    of_one = {kind: id_ for kind, id_ in whose.items() if id_}
    if queue_only + stale_only + everybody + len(of_one) > 1:
        raise click.UsageError("--queue-only, --stale-only, --all and the ids exclude each other")
    if sync and not (everybody or of_one):
        raise click.UsageError("--sync goes with --all or an id")
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        require_current(settings)
        marked = 0
        if everybody or of_one:
            marked = dashboards.mark(db, **of_one)
            for kind, id_ in of_one.items():
                if not marked:
                    raise click.ClickException(f"there is no {kind} {id_}")
            say(f"{counted(marked, 'mark')} put into the queue")
            queue_only = sync
        elif not queue_only and not stale_only:
            queue_only = stale_only = True
        if queue_only:
            done = _report(dashboards.drain(db), "refreshed from the queue")
            if done < marked:
                say(f"{counted(marked - done, 'mark')} taken by the worker, which refreshes what they mean")
        if stale_only:
            _report(dashboards.stale(db), "refreshed because time had run out")


def _report(batches: Iterator[int], what: str) -> int:
    """Count the dashboards as they are done, on a terminal as it goes, and say and return how many."""
    began, done = time.monotonic(), 0
    columns = (TextColumn("{task.completed:>9,} dashboards " + what), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task("", total=None)
        for batch in batches:
            done += batch
            bars.update(task, completed=done)
    say(f"{counted(done, 'dashboard')} {what} in {time.monotonic() - began:,.1f} s")
    return done


COMMANDS = [refresh]
