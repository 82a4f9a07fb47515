"""The real data set, imported under kill -9, repeated, and counted again from the CSV.

On 15 with two fifths of the clicks, which are nearly all of the rows; nothing else is left out.

The files do not belong to the project: they are looked for in ../shared/data/oulad, beside it.
"""

import csv
import json
import lzma
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from db.embedded import Embedded
from db.oulad import CLICKS_AT_ONCE, import_oulad
from tests.support.oulad import counts, rows, versions_of_rows
from tests.support.recount import drift
from tests.support.servers import Cluster, Database

DATA = Path(__file__).parents[3] / "shared/data/oulad"

ROWS = {
    "courses": 22,
    "assessments": 206,
    "vle": 6_364,
    "studentInfo": 32_593,
    "studentRegistration": 32_593,
    "studentAssessment": 173_912,
    "studentVle": 1_048_575,
}
STUDENTS = 28_785
CLICKS = {18: ROWS["studentVle"], 15: 400_000}
KILL_AFTER = 200_000  # clicks are committed; the next hundred thousand are on their way


@dataclass
class Scores:
    """What a student's total should be: the scores of quizzes and of assignments that count."""

    quizzes: list[Fraction] = field(default_factory=list)
    assignments: list[Fraction] = field(default_factory=list)


def cut(clicks: int, folder: Path) -> Path:
    """Return a folder with the data set but for the clicks beyond so many: the given one, if any are."""
    if clicks == ROWS["studentVle"]:
        return DATA
    for file in DATA.glob("*.csv.xz"):
        if file.name.startswith("studentVle"):
            with lzma.open(file) as whole:
                (folder / file.name).write_bytes(lzma.compress(b"".join(islice(whole, 1 + clicks)), preset=0))
        else:
            (folder / file.name).symlink_to(file)
    return folder


def read(name: str, folder: Path = DATA) -> Iterator[dict[str, str]]:
    """The rows of a file, as the standard library reads them."""
    with lzma.open(folder / f"{name}.csv.xz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def scores_of_students() -> dict[str, Scores]:
    """Every student's scores by the rules of the specification, without a database."""
    dropped = {
        (row["code_module"], row["code_presentation"], row["id_student"])
        for row in read("studentInfo")
        if row["final_result"] == "Withdrawn"
    } | {
        (row["code_module"], row["code_presentation"], row["id_student"])
        for row in read("studentRegistration")
        if row["date_unregistration"]
    }
    work = {row["id_assessment"]: row for row in read("assessments")}
    students = {row["id_student"]: Scores() for row in read("studentInfo")}
    for row in read("studentAssessment"):
        of = work[row["id_assessment"]]
        if row["score"] and (of["code_module"], of["code_presentation"], row["id_student"]) not in dropped:
            scores = students[row["id_student"]]
            kind = scores.assignments if of["assessment_type"] == "TMA" else scores.quizzes
            kind.append(Fraction(row["score"]))
    return students


def clicks_in_files(folder: Path) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """(rows, clicks, sum of days) per course, student and kind of site."""
    kind = {row["id_site"]: row["activity_type"] for row in read("vle")}
    found: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for row in read("studentVle.partial", folder):
        key = (f"{row['code_module']}/{row['code_presentation']}", row["id_student"], kind[row["id_site"]])
        count, clicks, days = found.get(key, (0, 0, 0))
        found[key] = (count + 1, clicks + int(row["sum_click"]), days + int(row["date"]))
    return found


def clicks_in_database(database: Database) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """The same of what was stored."""
    query = (
        "select c.external_id, p.external_id, i.agent_type, count(*), sum(i.weight)::bigint, "
        "sum((i.occurred_at at time zone 'Europe/London')::date - c.starts_on) "
        "from school.interaction i "
        "join school.course c on c.id = i.course_id join school.person p on p.id = i.student_id "
        "group by 1, 2, 3"
    )
    return {(course, student, kind): (*sums,) for course, student, kind, *sums in rows(database, query)}


def totals_in_database(database: Database) -> dict[str, tuple[int, Fraction, int, Fraction]]:
    """(quizzes, sum of their scores, assignments, sum of their scores) of every student."""
    query = (
        "select p.external_id, coalesce(total_quizzes_completed, 0), coalesce(quiz_score_sum, 0), "
        "coalesce(total_assignments_completed, 0), coalesce(assignment_score_sum, 0) "
        "from school.person p left join board.student_performance s on s.student_id = p.id"
    )
    return {
        student: (quizzes, Fraction(quiz_sum), assignments, Fraction(assignment_sum))
        for student, quizzes, quiz_sum, assignments, assignment_sum in rows(database, query)
    }


def own_performance(database: Database, student: str) -> dict[str, Any]:
    """What the student gets who asks for the own performance."""
    ((claims,),) = rows(
        database,
        "select jsonb_build_object('sub', id, 'org', org_id, 'role', 'student') "
        f"from school.person where external_id = '{student}'",
    )
    with database.connect("homeroom_api") as session:
        query = "select (api.student_performance(%s)).document"
        row = session.execute(query, (json.dumps(claims),)).fetchone()
    assert row is not None
    profile: dict[str, Any] = json.loads(row[0], parse_float=Decimal)["student_profile"]
    return profile


def average(scores: list[Fraction]) -> Decimal | None:
    """The mean with two decimals, rounded half up; None of nothing."""
    if not scores:
        return None
    return Decimal(floor(sum(scores) * 100 / len(scores) + Fraction(1, 2))) / 100


def kill_server(server: Embedded) -> None:
    """kill -9 the server, all its processes at once."""
    first = (server.data_dir / "data/postmaster.pid").read_text().splitlines()[0]
    with psycopg.connect(server.url("postgres")) as db:
        rest = db.execute("select pid from pg_stat_activity where pid <> pg_backend_pid()").fetchall()
    for pid in (int(first), *(pid for (pid,) in rest)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for_death(server: Embedded) -> None:
    """Wait until the owner knows that its server died."""
    deadline = time.monotonic() + 60
    while server.poll() is None:
        assert time.monotonic() < deadline, "the server lives on"
        time.sleep(0.01)


@pytest.fixture
def own_database(cluster: Cluster) -> Iterator[Database]:
    """A database on a server that may be killed."""
    with Cluster(cluster.version) as mine, mine.database(mine.template) as database:
        yield database


@pytest.mark.long
def test_killed_repeated_and_counted_again(own_database: Database, tmp_path: Path) -> None:
    assert DATA.is_dir(), (
        f"the real data is missing: put the OULAD's files (https://doi.org/10.1038/sdata.2017.171), "
        f"of which studentVle may be cut after {ROWS['studentVle']:,} rows, into {DATA}"
    )
    server = own_database.server
    expected_rows = {**ROWS, "studentVle": CLICKS[own_database.version]}
    data = cut(expected_rows["studentVle"], tmp_path)

    def kill(entity: str, lines: int, done: int, size: int) -> None:
        if entity == "studentVle" and lines == KILL_AFTER:
            threading.Timer(0.3, kill_server, [server]).start()

    with pytest.raises(psycopg.OperationalError):
        import_oulad(own_database.url(), data, progress=kill)
    wait_for_death(server)
    server.start()
    ((survived,),) = rows(own_database, "select count(*) from school.interaction")
    assert KILL_AFTER <= survived < expected_rows["studentVle"]
    assert survived % CLICKS_AT_ONCE == 0

    # The next import goes on, and accounts for every line.
    results = import_oulad(own_database.url(), data)
    assert {result.entity: result.lines for result in results} == expected_rows
    assert counts(results)["studentAssessment"] == (0, 0, ROWS["studentAssessment"], 0)
    assert counts(results)["studentVle"] == (expected_rows["studentVle"] - survived, 0, survived, 0)
    assert all(result.rejected == 0 for result in results)
    stored = (
        "select (select count(*) from school.person), (select count(*) from school.enrollment), "
        "(select count(*) from school.submission) + (select count(*) from school.quiz_attempt), "
        "(select count(*) from school.interaction), (select count(*) from ingest.rejected)"
    )
    assert rows(own_database, stored) == [
        (
            STUDENTS,
            ROWS["studentRegistration"],
            ROWS["studentAssessment"],
            expected_rows["studentVle"],
            0,
        )
    ]

    # Another one writes nothing.
    before = versions_of_rows(own_database)
    again = import_oulad(own_database.url(), data)
    assert [(result.inserted, result.updated, result.rejected) for result in again] == [(0, 0, 0)] * len(ROWS)
    assert versions_of_rows(own_database) == before

    assert clicks_in_database(own_database) == clicks_in_files(data)
    with own_database.connect() as db:
        assert drift(db) == []
    expected = scores_of_students()
    assert totals_in_database(own_database) == {
        student: (len(s.quizzes), Fraction(sum(s.quizzes)), len(s.assignments), Fraction(sum(s.assignments)))
        for student, s in expected.items()
    }
    for student in sorted(expected, key=int)[:: STUDENTS // 9]:
        scores = expected[student]
        profile = own_performance(own_database, student)
        assert bool(profile.pop("last_performance_update")) == bool(scores.quizzes or scores.assignments)
        assert profile == {
            "total_quizzes_completed": len(scores.quizzes),
            "total_assignments_completed": len(scores.assignments),
            "overall_quiz_average_score": average(scores.quizzes),
            "overall_assignment_average_score": average(scores.assignments),
            "overall_average_score": average(scores.quizzes + scores.assignments),
        }
