"""`homeroom refresh` of directors and cohorts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support import cohort_life, school
from tests.support.cli import homeroom
from tests.support.servers import Database

UNKNOWN = "6f9619ff-8b86-4d11-b42d-00c04fc964ff"


class System:
    """Two directors of one cohort each, who have looked at everything."""

    def __init__(self, database: Database, db: psycopg.Connection[Any]) -> None:
        self.database, self.db = database, db
        self.org = school.make_org(db)
        self.directors = [school.make_person(db, self.org, "director") for _ in range(2)]
        self.cohorts = [self._cohort(director) for director in self.directors]
        with database.connect("homeroom_api") as api:
            for director, cohort in zip(self.directors, self.cohorts, strict=True):
                cohort_life.asked(api, "director_summary", self.org, director, "director")
                cohort_life.asked(api, "director_cohort", self.org, director, "director", cohort)
        homeroom(database, "refresh")

    def _cohort(self, director: UUID) -> UUID:
        row = self.db.execute(
            "with p as (insert into school.program (org_id, name) values (%(org)s, 'P') returning id), "
            "t as (insert into school.track (org_id, program_id, name, director_id) "
            "select %(org)s, id, 'T', %(director)s from p returning id) "
            "insert into school.cohort (org_id, track_id, name, starts_on, ends_on) "
            "select %(org)s, id, 'C', current_date, current_date from t returning id",
            {"org": self.org, "director": director},
        ).fetchone()
        assert row
        return UUID(str(row[0]))

    def computed(self) -> dict[UUID, datetime]:
        """When each summary and page was computed."""
        return dict(
            self.db.execute(
                "select person_id, updated_at from board.dashboard_cache where role = 'director' "
                "union all select cohort_id, updated_at from board.director_cohort_dashboard"
            ).fetchall()
        )

    def renewed(self, *arguments: str) -> set[UUID]:
        """Whose dashboard a `homeroom refresh` with --sync computed anew."""
        before = self.computed()
        run = self.run(*arguments, "--sync")
        assert (run.returncode, run.stdout) == (0, ""), run.stderr
        return {key for key, at in self.computed().items() if at != before[key]}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`homeroom refresh <arguments>`."""
        return homeroom(self.database, "refresh", *arguments)


@pytest.fixture
def system(database: Database) -> Iterator[System]:
    """The system of one test."""
    with database.connect() as db:
        yield System(database, db)


def test_whose_are_computed_anew(system: System) -> None:
    (first, second), (one, other) = system.directors, system.cohorts
    assert system.renewed("--director-id", str(first)) == {first, one}
    assert system.renewed("--cohort-id", str(other)) == {second, other}
    assert system.renewed("--all") == {first, second, one, other}


def test_marks_and_dashboards_are_told_apart(system: System) -> None:
    for arguments in (("--director-id", str(system.directors[0])), ("--cohort-id", str(system.cohorts[0]))):
        put, done = system.run(*arguments, "--sync").stderr.splitlines()
        assert put == "1 mark put into the queue"
        assert re.fullmatch(r"2 dashboards refreshed from the queue in \d+\.\d s", done)


def test_the_worker_does_it_unless_told_otherwise(system: System) -> None:
    before = system.computed()
    run = system.run("--director-id", str(system.directors[0]))
    assert run.stderr == "1 mark put into the queue\n"
    assert system.computed() == before
    waiting = system.db.execute(
        "select count(*) from board.dashboard_update_queue "
        "where subject = 'director' and processed_at is null"
    ).fetchone()
    assert waiting
    assert waiting[0] > 0


@pytest.mark.parametrize("kind", ["director", "cohort"])
def test_misuse(system: System, kind: str) -> None:
    for arguments, said in (
        ((f"--{kind}-id", UNKNOWN), f"there is no {kind} {UNKNOWN}"),
        ((f"--{kind}-id", "x"), "not a valid UUID"),
        ((f"--{kind}-id", UNKNOWN, "--all"), "exclude each other"),
        ((f"--{kind}-id", UNKNOWN, "--student-id", UNKNOWN), "exclude each other"),
    ):
        run = system.run(*arguments)
        assert run.returncode != 0
        assert said in run.stderr
