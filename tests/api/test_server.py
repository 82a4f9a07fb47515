"""`homeroom serve` as a process: how it starts, logs, survives the database's death, and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.api.process import PATIENCE, ROOT, answers, environment, free_port, served, until
from tests.api.support import (
    SECRET,
    People,
    School,
    bearer,
    hear_worker,
    is_ready,
    school_of,
    sessions,
    token,
)
from tests.support import gate
from tests.support.servers import Cluster, Database

SLOW_HEALTH = f"""
create or replace function api.health() returns json language plpgsql security definer
as $$ begin
    perform {gate.PASS};
    return '{{"release": null, "worker": {{"heard": true, "silent": 1}}}}';
end $$
"""
DEFECTS = """
create or replace function api.student_performance(claims jsonb) returns api.cacheable language plpgsql
as $$ begin return row((1 / 0)::text, '{}'::text[], 0)::api.cacheable; end $$;
create or replace function api.health() returns json language sql as $$select '[1]'::json$$;
"""
STUDENT = "/api/v1/student/performance"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_finishes_before_the_process_ends(
    database: Database, tmp_path: Path, number: signal.Signals
) -> None:
    with (
        database.connect() as db,
        served(database, tmp_path) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        db.execute(SLOW_HEALTH.encode())
        gate.shut(db)
        answer = pool.submit(server.client.get, "/health/ready")
        until(lambda: gate.waiting(db) == 1)
        server.process.send_signal(number)
        time.sleep(0.7)  # it has begun to stop
        assert not answer.done()
        gate.release(db)
        assert answer.result().json()["code"] == "HR503", "the answer came, and from the database"
        assert server.process.wait(PATIENCE) == 0
        assert not answers(server.client)
        until(lambda: not sessions(database))


def test_workers_share_the_port_and_end_with_their_parent(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path, DASHBOARD_WORKERS="2", DATABASE_POOL_SIZE="1") as server:
        until(lambda: len(sessions(database)) == 2)
        server.process.kill()
        until(lambda: not sessions(database))
        until(lambda: not answers(server.client))


def test_workers_stop_in_order(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path, DASHBOARD_WORKERS="2") as server:
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        until(lambda: not sessions(database))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"JWT_SECRET": "hunter2"}, "JWT_SECRET must be"),
        ({"JWT_SECRET": ""}, "JWT_SECRET is not set"),
        ({"DASHBOARD_PORT": "http"}, "DASHBOARD_PORT must be"),
        ({"DASHBOARD_PORT": "http", "DASHBOARD_WORKERS": "2"}, "DASHBOARD_PORT must be"),
    ],
)
def test_a_wrong_setting_ends_the_process_with_2(
    database: Database, wrong: dict[str, str], complaint: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "serve"],
        cwd=ROOT,
        env=environment(database, **{"DASHBOARD_PORT": str(free_port()), **wrong}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert "hunter2" not in ended.stderr


def test_the_log_finds_a_request_and_never_holds_a_token(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.prepared(People) as (database, people), served(database, tmp_path) as server:
        school = School(database, server.client, people)
        good = token(school.ada, school.org, "student")
        paths = [STUDENT, f"/api/v1/admin/students/performance?token={good}", "/nowhere?token=" + good]
        with database.connect() as db:
            db.execute(DEFECTS)
        for path in paths:
            server.client.get(path, headers=bearer(good))
        failed = server.client.get(STUDENT, headers=bearer(good) | {"X-Request-ID": "find-me"})
        assert (failed.status_code, failed.json()["code"]) == (500, "22012")
        broken = server.client.get("/health/ready", headers={"X-Request-ID": "and-me"})
        assert (broken.status_code, broken.json()["code"]) == (500, "HR500")
    line, request = (line for line in server.lines() if line.get("request_id") == "find-me")
    assert (line["level"], line["sqlstate"], line["path"]) == ("error", "22012", STUDENT)
    assert (request["event"], request["status"], request["route"]) == ("request", 500, STUDENT)
    line, request = (line for line in server.lines() if line.get("request_id") == "and-me")
    assert "ValidationError" in line["exception"]
    assert (request["status"], request["person"]) == (500, None)
    text = server.log.read_text()
    assert good not in text
    assert good.rpartition(".")[0] not in text
    assert SECRET not in text


def test_a_database_that_is_killed_is_503_until_it_is_back(cluster: Cluster) -> None:
    with (
        Cluster(cluster.version) as own,
        own.prepared(People) as (database, people),
        school_of(database, people) as school,
    ):
        client = school.client

        def get() -> httpx.Response:
            return school.get(STUDENT, school.ada, "student")

        hear_worker(database)
        until(lambda: get().status_code == 200 and is_ready(client))
        with database.connect() as db:
            row = db.execute("select pg_read_file('postmaster.pid')").fetchone()
        assert row is not None
        os.kill(int(row[0].split()[0]), signal.SIGKILL)
        until(lambda: get().status_code == 503)
        for path in ("/health/ready", STUDENT):
            answer = client.get(path, headers=bearer(token(school.ada, school.org, "student")))
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["code"] == "08006"
        assert client.get("/health/ready").json()["checks"]["database"] != "ok"
        assert client.get("/health/live").status_code == 200
        until(lambda: own.server.poll() is not None)
        own.server.start()
        until(lambda: get().status_code == 200)
        assert not is_ready(client), "what is unlogged went with the server, and no worker runs"
        hear_worker(database)
        until(lambda: is_ready(client))
