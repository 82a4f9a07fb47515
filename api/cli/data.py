"""Data in: imports."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.context import open_database, reported, require_current, say, settings_from_environment
from db.oulad import ImportFailed, Result, import_oulad
from db.oulad import Progress as Report

REPORT_SECONDS = 5


@click.group("import")
def import_group() -> None:
    """Bring data in from other systems. Imports may be repeated: what is there already is left alone."""


@import_group.command("oulad")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--organization",
    default="Open University",
    show_default=True,
    help="Name of the organization, if this is the first import.",
)
@reported
def oulad(directory: Path, organization: str) -> None:
    """Import the Open University Learning Analytics Dataset from DIRECTORY (csv, csv.xz or csv.gz).

    Rows that cannot be stored are kept in ingest.rejected, with their reason.
    """
    with open_database(settings_from_environment()) as settings:
        url = settings.database_url or ""
        require_current(settings)
        try:
            with _progress() as report:
                results = import_oulad(url, directory, organization=organization, progress=report)
        except ImportFailed as error:
            raise click.ClickException(str(error)) from error
    _print(results)


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar per file on a terminal, a line every few seconds elsewhere."""
    if sys.stderr.isatty():
        columns = (
            TextColumn("{task.description:18}"),
            BarColumn(),
            TextColumn("{task.fields[lines]:>11,} lines"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bars:
            tasks: dict[str, TaskID] = {}

            def show(entity: str, lines: int, done: int, size: int) -> None:
                if entity not in tasks:
                    tasks[entity] = bars.add_task(entity, lines=0)
                bars.update(tasks[entity], completed=done, total=size, lines=lines)

            yield show
    else:
        told: dict[str, float] = {}

        def tell(entity: str, lines: int, done: int, size: int) -> None:
            if done >= size or time.monotonic() - told.get(entity, 0) > REPORT_SECONDS:
                told[entity] = time.monotonic()
                say(f"{entity}: {lines:,} lines, {done / max(size, 1):.0%} of the file")

        yield tell


def _print(results: list[Result]) -> None:
    table = Table("file", "lines", "inserted", "updated", "unchanged", "rejected", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for result in results:
        counts = (result.lines, result.inserted, result.updated, result.unchanged, result.rejected)
        table.add_row(result.entity, *(f"{count:,}" for count in counts))
    Console().print(table)
    if rejected := sum(result.rejected for result in results):
        say(f"{rejected:,} rows were not stored: select entity, line, reason from ingest.rejected")


COMMANDS = [import_group]
