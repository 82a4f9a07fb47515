"""Import of the Open University Learning Analytics Dataset: `homeroom import oulad DIR`, see docs/oulad.md.

Python copies the files' rows, as they are, into unlogged staging tables. Then one SQL function per file
(db/functions/ingest) checks what lies there and stores the good rows; each of the others gets a reason and
ends in ingest.rejected. The functions compare before they write. So an import may be repeated: after a crash,
with a corrected file, or for no reason at all.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from db.csv_file import CsvError, CsvFile, find
from db.session import OWNER, connect, lock_holder, try_lock

Connection = psycopg.Connection[Any]
# Is told (entity, lines read so far, bytes read so far, bytes in the file; both as they lie on the disk).
Progress = Callable[[str, int, int, int], None]

IMPORT_LOCK = 0x6F756C61  # "oula", to be recognized in pg_locks
CLICKS_AT_ONCE = 100_000  # lines per transaction: what a crash undoes, what foreign keys queue in memory
LAST_LINE = 2**63 - 1


class ImportFailed(Exception):
    """The import cannot start or go on; the message says why. What it stored before stays."""


@dataclass(frozen=True)
class Entity:
    """A file of the data set.

    name: the file's, without extension. function: checks and stores it, in schema ingest. staging: its table
    there. facts: the tables of schema school that it fills. columns: those of the file that are read.
    """

    name: str
    function: str
    staging: str
    facts: tuple[str, ...]
    columns: tuple[str, ...]


_COURSE = ("code_module", "code_presentation")

# In the order in which they are stored: each refers to those before it.
ENTITIES = (
    Entity(
        name="courses",
        function="oulad_courses",
        staging="oulad_course",
        facts=("course",),
        columns=(*_COURSE, "module_presentation_length"),
    ),
    Entity(
        name="assessments",
        function="oulad_assessments",
        staging="oulad_assessment",
        facts=("assignment", "quiz"),
        columns=(*_COURSE, "id_assessment", "assessment_type", "date", "weight"),
    ),
    Entity(
        name="vle",
        function="oulad_sites",
        staging="oulad_site",
        facts=(),
        columns=(*_COURSE, "id_site", "activity_type"),
    ),
    Entity(
        name="studentInfo",
        function="oulad_students",
        staging="oulad_student",
        facts=("person", "person_role"),
        columns=(*_COURSE, "id_student", "final_result"),
    ),
    Entity(
        name="studentRegistration",
        function="oulad_registrations",
        staging="oulad_registration",
        facts=("enrollment",),
        columns=(*_COURSE, "id_student", "date_registration", "date_unregistration"),
    ),
    Entity(
        name="studentAssessment",
        function="oulad_results",
        staging="oulad_result",
        facts=("submission", "quiz_attempt"),
        columns=("id_assessment", "id_student", "date_submitted", "is_banked", "score"),
    ),
    Entity(
        name="studentVle",
        function="oulad_clicks",
        staging="oulad_click",
        facts=("interaction",),
        columns=(*_COURSE, "id_student", "id_site", "date", "sum_click"),
    ),
)


@dataclass
class Result:
    """What became of a file's lines: lines = inserted + updated + unchanged + rejected.

    copying and storing are the seconds that went into staging them, and into checking and storing them.
    """

    entity: str
    lines: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    copying: float = field(default=0.0, compare=False)
    storing: float = field(default=0.0, compare=False)


def import_oulad(
    url: str,
    directory: Path,
    *,
    organization: str = "Open University",
    progress: Progress = lambda entity, lines, done, size: None,
) -> list[Result]:
    """Bring the data set into the database, and say for each file what became of its lines.

    url: any libpq connection string of a login that may become homeroom_owner, as `homeroom migrate` uses.
    directory: holds the seven files as .csv, .csv.xz or .csv.gz; the first part of one may be called
    studentVle.partial.csv, say.
    organization: what the first import calls the organization it makes. progress: is told how far each file
    has been read. Raises ImportFailed: before anything is written if a file or a column is missing or another
    import is running, later if a file is damaged. Whatever ends it, Ctrl-C or a crash, leaves whole
    transactions, and the next import finds what they stored unchanged.
    """
    try:
        with ExitStack() as files:
            *small, clicks = [
                _Import(entity, files.enter_context(_open(directory, entity))) for entity in ENTITIES
            ]
            with _session(url) as connection:
                for each in small:
                    each.stage(connection)
                    progress(*each.read)
                org = _organization(connection, organization)
                for each in small:
                    each.store(connection, org)
                    each.analyze(connection)
                while not clicks.done:
                    connection.execute("truncate ingest.oulad_click")
                    clicks.stage(connection, CLICKS_AT_ONCE)
                    clicks.store(connection, org)
                    progress(*clicks.read)
                clicks.analyze(connection)
                connection.execute("select ops.analyze_aggregates()")
            return [each.result for each in (*small, clicks)]
    except CsvError as error:
        raise ImportFailed(str(error)) from error


class _Import:
    """One file on its way through its staging table, whole or part by part."""

    def __init__(self, entity: Entity, file: CsvFile) -> None:
        self.result = Result(entity.name)
        self.done = False  # all lines have been staged
        self._entity = entity
        self._file = file
        self._rows = file.rows()
        self._staging = sql.Identifier("ingest", entity.staging)
        self._first = 0  # of the lines that are staged
        self._last = 0

    @property
    def read(self) -> tuple[str, int, int, int]:
        """What Progress is told."""
        return self._entity.name, self.result.lines, self._file.position, self._file.size

    def stage(self, connection: Connection, limit: int | None = None) -> None:
        """Copy the next `limit` rows, or all, into the staging table."""
        began = time.perf_counter()
        columns = sql.SQL(", ").join(map(sql.Identifier, ("line", *self._entity.columns, "raw", "reason")))
        self._first, count = self._last + 1, 0
        with connection.cursor() as cursor:
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(self._staging, columns)) as copy:
                for line, values in islice(self._rows, limit):
                    copy.write_row((line, *values))
                    count, self._last = count + 1, line
            cursor.execute(sql.SQL("analyze {}").format(self._staging))
        if limit is None or count < limit:
            self.done, self._last = True, LAST_LINE
        self.result.lines += count
        self.result.copying += time.perf_counter() - began

    def store(self, connection: Connection, org: int) -> None:
        """Check and store what is staged, and keep what is rejected, in one transaction."""
        began = time.perf_counter()
        store = sql.SQL("select * from {}(%s)").format(sql.Identifier("ingest", self._entity.function))
        reject = "select ingest.keep_rejected(%s, 'oulad', %s, %s::regclass, %s, %s)"
        staging = self._staging.as_string()
        with connection.transaction():
            inserted, updated, unchanged = _row(connection.execute(store, (org,)))
            (rejected,) = _row(
                connection.execute(reject, (org, self._entity.name, staging, self._first, self._last))
            )
        self.result.inserted += inserted
        self.result.updated += updated
        self.result.unchanged += unchanged
        self.result.rejected += rejected
        self.result.storing += time.perf_counter() - began

    def analyze(self, connection: Connection) -> None:
        """Let the planner know of what was stored: the next file's function joins with it."""
        began = time.perf_counter()
        if self.result.inserted or self.result.updated:
            for fact in self._entity.facts:
                connection.execute(sql.SQL("analyze {}").format(sql.Identifier("school", fact)))
        self.result.storing += time.perf_counter() - began


def _open(directory: Path, entity: Entity) -> CsvFile:
    """Open the entity's file, or what there is of it. Raises CsvError."""
    return CsvFile(find(directory, entity.name, f"{entity.name}.partial"), entity.columns)


@contextmanager
def _session(url: str) -> Iterator[Connection]:
    """Hold the import lock in an autocommit session of the owner; the staging is empty before and after."""
    with connect(url, "import") as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        # If this process dies, the server sees it within a second, and the lock is free.
        connection.execute(
            "set client_connection_check_interval = '1s'; set work_mem = '64MB'; set jit = off; "
            # History, not news: it is no event of the live feed.
            "set homeroom.feed_bulk = 'on'"
        )
        if not try_lock(connection, IMPORT_LOCK):
            holder = lock_holder(connection, IMPORT_LOCK)
            raise ImportFailed(f"another import is running in this database ({holder}); wait until it ends")
        try:
            _clear(connection)
            yield connection
        finally:
            # Best effort: what went wrong shall be heard, and the next import clears anyway.
            with suppress(psycopg.Error):
                _clear(connection)
            # The server ends a session a moment after the client closed it: the next import may be sooner.
            with suppress(psycopg.Error):
                connection.execute("select pg_advisory_unlock(%s)", (IMPORT_LOCK,))


def _clear(connection: Connection) -> None:
    tables = sql.SQL(", ").join(sql.Identifier("ingest", entity.staging) for entity in ENTITIES)
    connection.execute(sql.SQL("truncate {}").format(tables))


def _organization(connection: Connection, name: str) -> int:
    (org,) = _row(connection.execute("select ingest.oulad_organization(%s)", (name,)))
    return int(org)


def _row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    """The one row of a statement that always answers one."""
    row = cursor.fetchone()
    assert row is not None
    return tuple(row)
