"""Proving and mending what is derived: `verify` and `backfill`."""

from __future__ import annotations

import sys
import uuid
from decimal import Decimal

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.context import (
    admin_connection,
    open_database,
    plain,
    reported,
    require_current,
    say,
    settings_from_environment,
)
from db import truth
from db.truth import Check, Difference


@click.command(short_help="Compare every aggregate with the facts that it is made of.")
@click.option(
    "--repair", is_flag=True, help="Add what differs, an organization at a time, and compare again."
)
@reported
def verify(repair: bool) -> None:
    """Compare every aggregate with the facts that it is made of, all under one snapshot.

    The outcome is kept in ops.aggregate_check. Writers go on meanwhile. Exit code 1 if anything drifts (with
    --repair: still drifts afterwards).
    """
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        require_current(settings)
        checks = truth.verify(db)
        _print_checks(checks)
        if repair and not _exact(checks):
            for difference in truth.repair(db):
                click.echo(_line(difference))
            checks = truth.verify(db)
            _print_checks(checks)
        sys.exit(0 if _exact(checks) else 1)


@click.command(short_help="Count students' numbers again from their facts.")
@click.option("--dry-run", is_flag=True, help="Print each difference and change nothing.")
@click.option("--student-id", type=click.UUID, help="Only this student.")
@click.option("--org", type=click.IntRange(min=1), help="Only this organization.")
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run was broken off.")
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    help="People per transaction.",
)
@reported
def backfill(dry_run: bool, student_id: uuid.UUID | None, org: int | None, restart: bool, batch: int) -> None:
    """Count students' numbers again from their facts, add what differs, and print each difference.

    Goes through all people, since anybody may be or have been a student, and commits batch by batch; a run
    that was broken off goes on where it stopped. Differences are found and added while others write: no
    numbers of theirs are lost. Exit code 0 whether anything differs or not, with --dry-run too; `homeroom
    verify` is the one that judges.
    """
    with open_database(settings_from_environment()) as settings, admin_connection(settings) as db:
        require_current(settings)
        if student_id:
            orgs = truth.organizations_of(db, student_id, org)
            if not orgs:
                where = f" in organization {org}" if org else ""
                raise click.ClickException(f"there is no person {student_id}{where}")
            found = [d for o in orgs for d in truth.mend_student(db, o, student_id, dry_run=dry_run)]
            for difference in found:
                click.echo(_line(difference))
            _summary(len(orgs), len(found), dry_run)
            return
        organizations = [o for o in truth.organizations(db) if org in (None, o.id)]
        if org and not organizations:
            raise click.ClickException(f"there is no organization {org}")
        with _progress() as bars:
            people = differences = 0
            for organization in organizations:
                name = plain(organization.name)
                task = bars.add_task(name, total=organization.people)
                told = -1
                for step in truth.backfill(db, organization.id, batch, dry_run=dry_run, restart=restart):
                    if step.resumed:
                        say(f"{name}: goes on after {_people(step.resumed)}")
                    for difference in step.differences:
                        bars.console.print(_line(difference), markup=False, highlight=False, soft_wrap=True)
                    bars.update(task, completed=step.people)
                    if not bars.console.is_terminal and step.people != told:  # the last batch may be empty
                        say(f"{name}: {step.people:,} of {_people(organization.people)}")
                    told = step.people
                    differences += len(step.differences)
                people += step.people
        _summary(people, differences, dry_run)


def _exact(checks: list[Check]) -> bool:
    return not any(check.drifting_rows for check in checks)


def _print_checks(checks: list[Check]) -> None:
    table = Table("aggregate", "rows that drift", "drift", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for check in checks:
        table.add_row(check.aggregate, f"{check.drifting_rows:,}", f"{check.drift.normalize():f}")
    Console().print(table)


def _line(difference: Difference) -> str:
    """One difference: `organization 1 board.course_rollup course_id=… quiz_score_sum +7`."""
    key = " ".join(f"{name}={value}" for name, value in difference.key.items() if name != "org_id")
    numbers = " ".join(
        f"{name} {Decimal(str(value)).normalize():+f}" for name, value in difference.difference.items()
    )
    return " ".join(filter(None, [f"organization {difference.org_id}", difference.aggregate, key, numbers]))


def _summary(people: int, differences: int, dry_run: bool) -> None:
    noun = "difference" if differences == 1 else "differences"
    verb = "found, nothing changed" if dry_run else "added"
    say(f"{_people(people)} looked at; {differences:,} {noun} {verb}")


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def _progress() -> Progress:
    """A bar per organization on a terminal; elsewhere its lines are told one by one."""
    console = Console(stderr=False)
    return Progress(
        TextColumn("{task.description:24}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


COMMANDS = [verify, backfill]
