"""What an import costs: `homeroom import oulad` against raw COPY of the same files into plain tables.

    python -m bench.import DIRECTORY [--rounds 3]

Both sides decompress, read and store every row; the import also checks and compares them and keeps keys,
foreign keys and aggregates. Alternating rounds in one run, each import into a fresh database, medians.
Everything runs on an embedded server with its usual settings, which is thrown away; a round of the real files
takes half a minute.
"""

import argparse
import csv
import gzip
import lzma
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from db.apply import ensure_database, migrate
from db.csv_file import find
from db.embedded import Embedded
from db.oulad import ENTITIES, Result, import_oulad

BLOCK_BYTES = 1 << 18
CLICKS = "org_id, occurred_at, student_id, course_id, agent_type, weight, source, external_id"
FOREIGN_KEYS = (
    "(org_id, student_id) references school.person (org_id, id)",
    "(org_id, course_id) references school.course (org_id, id)",
)
STEPS = (
    ("a plain table", "", ()),
    ("the same with checks", "including constraints", ()),
    ("and indexes", "including constraints including indexes", ()),
    ("and foreign keys", "including constraints including indexes", FOREIGN_KEYS),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, help="the data set's files")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each side [3]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as home:
        Path(home).chmod(0o711)  # as root, PostgreSQL runs as another user and must get in
        with Embedded(Path(home) / "data") as server:
            measure(server, options.directory, options.rounds)


def measure(server: Embedded, directory: Path, rounds: int) -> None:
    """Run both sides in turns and print what came of it."""
    ensure_database(server.url("plain"))
    ensure_database(server.url("template"))
    migrate(server.url("template"))
    copies: list[float] = []
    imports: list[float] = []
    repeats: list[float] = []
    results: list[list[Result]] = []
    for n in range(rounds):
        with psycopg.connect(server.url("plain"), autocommit=True) as db, stopwatch(copies):
            copy_plainly(db, directory)
        with psycopg.connect(server.url("postgres"), autocommit=True) as db:
            db.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(f"round{n - 1}")))
            db.execute(sql.SQL("create database {} template template").format(sql.Identifier(f"round{n}")))
        with stopwatch(imports):
            results.append(import_oulad(server.url(f"round{n}"), directory))
        with stopwatch(repeats):
            import_oulad(server.url(f"round{n}"), directory)

    lines = sum(result.lines for result in results[0])
    print(f"{lines:,} rows, {rounds} rounds, medians")
    for name, seconds in (
        ("raw COPY into plain tables", copies),
        ("import", imports),
        ("import again, nothing changed", repeats),
    ):
        taken = median(seconds)
        print(f"{name:30} {taken:6.1f} s {lines / taken:11,.0f} rows/s {median(copies) / taken:6.3f}")
    print_stages(results, median(imports))
    print_clicks(server.url(f"round{rounds - 1}"))


def copy_plainly(db: psycopg.Connection, directory: Path) -> None:
    """Copy each file as it is into a table of text columns, without keys or checks."""
    for entity in ENTITIES:
        path = find(directory, entity.name, f"{entity.name}.partial")
        table = sql.Identifier(entity.name)
        with open_bytes(path) as file:
            header = next(csv.reader([file.readline().decode("utf-8-sig")]))
            columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in header)
            db.execute(sql.SQL("drop table if exists {}").format(table))
            db.execute(sql.SQL("create table {} ({})").format(table, columns))
            with db.cursor().copy(sql.SQL("copy {} from stdin (format csv)").format(table)) as copy:
                while block := file.read(BLOCK_BYTES):
                    copy.write(block)


def open_bytes(path: Path) -> BufferedIOBase:
    """Open a file for reading, decompressed."""
    match path.suffix:
        case ".xz":
            return lzma.open(path)
        case ".gz":
            return gzip.open(path)
    return path.open("rb")


def print_stages(results: list[list[Result]], total: float) -> None:
    """Print each file's share: of reading it and copying to the staging table, of checking and storing."""
    print("\nshare of the import      copying   storing")
    for rounds in zip(*results, strict=True):
        copying = median(result.copying for result in rounds) / total
        storing = median(result.storing for result in rounds) / total
        print(f"{rounds[0].entity:22} {copying:9.1%} {storing:9.1%}")


def print_clicks(url: str) -> None:
    """Print what it costs PostgreSQL alone to store the clicks, which are most of the rows: the floor."""
    print("\nthe clicks once more, by one insert ... select into")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"create table source as select {CLICKS} from school.interaction where source = 'oulad'")
        for name, options, foreign_keys in STEPS:
            db.execute(f"create table target (like school.interaction including identity {options})".encode())
            for foreign_key in foreign_keys:
                db.execute(f"alter table target add foreign key {foreign_key}".encode())
            taken: list[float] = []
            with stopwatch(taken):
                db.execute(f"insert into target ({CLICKS}) select * from source".encode())
            print(f"{name:30} {taken[0]:6.1f} s")
            db.execute("drop table target")


@contextmanager
def stopwatch(seconds: list[float]) -> Iterator[None]:
    """Add the seconds that the block took."""
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
