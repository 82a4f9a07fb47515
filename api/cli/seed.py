"""Data out of nothing: synthetic schools."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.cli.context import open_database, plain, reported, require_current, say, settings_from_environment
from db.seed import LEAST_STUDENTS, MOST_STUDENTS, SeedFailed, seed_schools
from db.seed import Progress as Report

MOST_ORGANIZATIONS = 1000


@click.command(short_help="Make synthetic schools.")
@click.option(
    "--students",
    type=click.IntRange(LEAST_STUDENTS, MOST_STUDENTS),
    required=True,
    help="How many students each school has.",
)
@click.option(
    "--orgs",
    type=click.IntRange(1, MOST_ORGANIZATIONS),
    default=1,
    show_default=True,
    help="How many schools, each an organization of its own with that many students.",
)
@click.option(
    "--name",
    default="Synthetic School",
    show_default=True,
    help="Name of the first school; the others are called NAME 2, NAME 3 and so on.",
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day as of which they look: work up to it is done [the one on which each is begun].",
)
@reported
def seed(students: int, orgs: int, name: str, today: datetime | None) -> None:
    """Make synthetic schools: people, courses, work, marks, drop-outs, the same for the same arguments.

    May be repeated: a school that is complete is left alone, one that was cut short is finished.
    """
    if not name.strip():
        raise click.BadParameter("a school has a name", param_hint="--name")
    with open_database(settings_from_environment()) as settings:
        require_current(settings)
        names = [name, *(f"{name} {number}" for number in range(2, orgs + 1))]
        began = time.monotonic()
        try:
            with progress() as report:
                schools = seed_schools(
                    settings.database_url or "",
                    names,
                    students,
                    today=today and today.date(),
                    progress=report,
                )
        except SeedFailed as error:
            raise click.ClickException(str(error)) from error
    for school in schools:
        if not school.made:
            say(f"{plain(school.name)} is complete (organization {school.org_id}, {students:,} students)")
    if made := sum(school.made for school in schools):
        say(f"{made:,} students made in {time.monotonic() - began:,.1f} s")


@contextmanager
def progress() -> Iterator[Report]:
    """A bar per school on a terminal, a line per transaction elsewhere."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:>9,} of {task.total:,} students"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bars:
            tasks: dict[str, TaskID] = {}

            def show(school: str, done: int, students: int) -> None:
                if school not in tasks:
                    tasks[school] = bars.add_task(plain(school), total=students)
                bars.update(tasks[school], completed=done)

            yield show
    else:
        told: set[str] = set()

        def tell(school: str, done: int, students: int) -> None:
            if school in told or 0 < done < students:  # where it starts says nothing, unless it goes on
                say(f"{plain(school)}: {done:,} of {students:,} students")
            told.add(school)

        yield tell


COMMANDS = [seed]
