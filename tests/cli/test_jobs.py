"""`homeroom jobs` as an operator runs it: the table, what failed, running one now."""

from __future__ import annotations

import pytest

from tests.support import school
from tests.support.cli import homeroom
from tests.support.servers import Database


def test_a_job_run_now_is_in_the_table(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        course, student = school.make_course(db, org), school.make_person(db, org, "student")
        school.enroll(db, org, student, course)
        assert db.execute("select count(*) > 0 from board.work_delta").fetchone() == (True,)
        result = homeroom(database, "jobs", "--run", "fold totals")
        assert (result.returncode, result.stderr) == (0, "")
        header, *lines = result.stdout.splitlines()
        assert header.split()[:3] == ["JOB", "EVERY", "ORGANIZATIONS"]
        names = [row[0] for row in db.execute("select name from ops.job order by name")]
        assert [line.split("  ")[0] for line in lines] == names
        (fold,) = (line for line in lines if line.startswith("fold totals "))
        assert fold.endswith(" ok")
        assert fold.split()[2:5] == ["10", "s", "1"]
        assert {line.split("  ")[0]: line for line in lines}["verify"].split()[1:4] == ["1", "d", "1"]
        assert db.execute("select count(*) from board.work_delta").fetchone() == (0,)


def test_a_failure_is_shown_with_its_error_and_ends_in_one(database: Database) -> None:
    with database.connect() as db:
        org = school.make_org(db)
        student = school.make_person(db, org, "student")
        school.enroll(db, org, student, school.make_course(db, org))
        db.execute("alter table board.organization_rollup add constraint full_up check (students < 1)")
    result = homeroom(database, "jobs", "--run", "fold totals")
    assert result.returncode == 1
    (fold,) = (line for line in result.stdout.splitlines() if line.startswith("fold totals "))
    assert fold.endswith(" 1 of 1 failed")
    assert f"fold totals, for organization {org}, failed 1 times in a row:\n  " in result.stdout
    assert "full_up" in result.stdout
    assert homeroom(database, "jobs").returncode == 1, "until it succeeds"
    with database.connect() as db:
        db.execute("alter table board.organization_rollup drop constraint full_up")
    assert homeroom(database, "jobs", "--run", "fold totals").returncode == 0


def test_an_unknown_job_is_named(database: Database) -> None:
    result = homeroom(database, "jobs", "--run", "sweep'; drop table school.person; --")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no job sweep'; drop table school.person; --\n"


@pytest.mark.parametrize("command", [["jobs"], ["verify"], ["backfill"], ["seed", "--students", "10"]])
def test_where_there_is_no_database_yet_it_says_what_to_do(database: Database, command: list[str]) -> None:
    result = homeroom(database.server.url("none_yet"), *command)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == 'Error: database "none_yet" does not exist: run `homeroom migrate` first\n'
