"""GET /health/ready: what it looks at, each of it failing by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from psycopg import sql

from tests.api.process import served, until
from tests.api.support import School, hear_worker, is_ready
from tests.listener.support import working
from tests.support.jobs import Job, plant, slow
from tests.support.servers import Database

NAMES = {"database", "migrations", "listen", "worker"}
LONG_AGO = "update ops.process set heard_at = now() - interval '61 seconds' where kind = 'worker'"


def failing(school: School) -> dict[str, str]:
    """What does not hold."""
    answer = school.client.get("/health/ready")
    body: dict[str, Any] = answer.json()
    assert set(body["checks"]) == NAMES
    wrong: dict[str, str] = {name: state for name, state in body["checks"].items() if state != "ok"}
    assert answer.status_code == (503 if wrong else 200)
    assert answer.headers["cache-control"] == "no-store"
    if wrong:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert (body["status"], body["code"]) == (503, "HR503")
        assert all(state in body["detail"] for state in wrong.values())
    return wrong


def test_all_is_well(own_school: School) -> None:
    hear_worker(own_school.database)
    until(lambda: failing(own_school) == {})


def test_a_database_of_another_release_is_not_ready(own_school: School) -> None:
    hear_worker(own_school.database)
    until(lambda: is_ready(own_school.client))
    with own_school.database.connect() as db:
        for change in ("update ops.release set digest = 'older'", "delete from ops.release"):
            db.execute(change.encode())
            assert list(failing(own_school)) == ["migrations"]
            assert "homeroom migrate" in failing(own_school)["migrations"]


def test_without_a_worker_it_is_not_ready(own_school: School) -> None:
    until(lambda: list(failing(own_school)) == ["worker"])
    assert "homeroom work" in failing(own_school)["worker"], "none was ever there"
    with own_school.database.connect() as db:
        hear_worker(own_school.database)
        assert failing(own_school) == {}
        db.execute(LONG_AGO.encode())
        said = failing(own_school)
        assert list(said) == ["worker"]
        assert re.fullmatch(r"No worker was heard from for (6[1-9]|[7-9]\d|1\d\d) seconds\.", said["worker"])
        db.execute("call ops.run_due_jobs()")
        assert failing(own_school) == {}


def test_pg_cron_is_a_worker_that_comes_once_a_minute(own_school: School) -> None:
    until(lambda: list(failing(own_school)) == ["worker"])
    with own_school.database.connect() as db:
        db.execute("set application_name = 'pg_cron'")
        db.execute("call ops.run_due_jobs()")
        db.execute(LONG_AGO.encode())
        assert failing(own_school) == {}
        db.execute("update ops.process set heard_at = now() - interval '76 seconds' where kind = 'worker'")
        assert list(failing(own_school)) == ["worker"]


def test_a_job_that_takes_long_is_no_silence(own_school: School, tmp_path: Path) -> None:
    until(lambda: list(failing(own_school)) == ["worker"])
    with own_school.database.connect() as db:
        plant(db, Job("long", slow(5)))
        with working(own_school.database, tmp_path / "log") as worker:
            sleeping = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = %s"
            until(lambda: bool(db.execute(sleeping, (own_school.database.name,)).fetchone()))
            db.execute(LONG_AGO.encode())
            assert failing(own_school) == {}
            worker.end()
        db.execute(LONG_AGO.encode())
        assert list(failing(own_school)) == ["worker"]


def test_a_process_that_hears_nothing_is_not_ready(own_school: School) -> None:
    hear_worker(own_school.database)
    until(lambda: failing(own_school) == {})
    limit = sql.SQL("alter database {} connection limit {}")
    name = sql.Identifier(own_school.database.name)
    with own_school.database.connect() as db:
        db.execute(limit.format(name, 0))  # what is connected stays so
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'homeroom feed'"
        )
        until(lambda: list(failing(own_school)) == ["listen"])
        db.execute(limit.format(name, -1))
    until(lambda: failing(own_school) == {})


def test_a_worker_makes_a_server_ready(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path) as server:
        assert not is_ready(server.client)
        with working(database, tmp_path / "worker") as worker:
            until(lambda: is_ready(server.client))
            worker.end()
