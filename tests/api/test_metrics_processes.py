"""Every number that processes tell moves when what it tells of does, and one process tells those of all."""

from __future__ import annotations

import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from psycopg import sql

from api import database as pools
from api import rounds
from api.traffic import quantile
from tests.api.numbers import Numbers, scrape
from tests.api.process import served, until
from tests.api.support import People, School, hear_worker, school_of, sessions, token
from tests.support import gate
from tests.support import school as facts
from tests.support.alerts import Watched
from tests.support.servers import Cluster, Database
from tests.support.streams import socket, sse

STUDENT = "/api/v1/student/performance"


def numbers(school: School) -> Numbers:
    return scrape(school.client)


def ask(school: School, times: int = 1) -> list[int]:
    """GET a student's numbers; the statuses."""
    return [school.get(STUDENT, school.ada, "student").status_code for _ in range(times)]


def test_the_cache_hit_rate_is_of_five_minutes(cluster: Cluster) -> None:
    with (
        cluster.prepared(People) as (database, people),
        school_of(database, people, cache_enabled=True) as school,
    ):
        assert math.isnan(numbers(school)["dashboard_cache_hit_rate"]), "nobody has asked for anything"
        until(lambda: ask(school) == [200] and numbers(school)["dashboard_cache_hits_total"] > 0)
        found = numbers(school)
    hits, misses = found["dashboard_cache_hits_total"], found["dashboard_cache_misses_total"]
    assert misses > 0
    assert found["dashboard_cache_hit_rate"] == pytest.approx(hits / (hits + misses))
    assert found["homeroom_cache_entries"] > 0
    assert 0 < found["homeroom_cache_bytes"] <= found["homeroom_cache_limit_bytes"]
    assert found.of("homeroom_cache_events_total", event="stored") > 0


def test_latency_is_a_histogram_and_its_95th_percentile(own_school: School) -> None:
    before = numbers(own_school)
    assert math.isnan(before["dashboard_p95_latency"])
    assert before["dashboard_latency_seconds_count"] == 0
    ask(own_school, 20)
    after = numbers(own_school)
    assert (
        after["dashboard_latency_seconds_count"]
        == after.of("dashboard_latency_seconds_bucket", le="+Inf")
        == 20
    )
    assert after["dashboard_latency_seconds_sum"] > 0
    assert after["dashboard_p95_latency"] == pytest.approx(percentile(after))
    with own_school.database.connect() as db:
        row = db.execute(
            "select pg_get_functiondef('api.student_performance(jsonb)'::regprocedure)"
        ).fetchone()
        assert row and row[0].count("begin\n") == 1
        db.execute(row[0].replace("begin\n", "begin perform pg_sleep(0.3);\n").encode())
    ask(own_school, 2)
    after = numbers(own_school)
    assert 0.25 < after["dashboard_p95_latency"] == pytest.approx(percentile(after))


def percentile(found: Numbers) -> float:
    """The 95th, of what the buckets count."""
    up_to = found.by("dashboard_latency_seconds_bucket", "le").items()
    below = [0.0, *(number for _, number in sorted(up_to, key=lambda bucket: float(bucket[0])))]
    return quantile(0.95, [int(upper - lower) for lower, upper in pairwise(below)])


def test_requests_are_counted_by_route_method_and_status(own_school: School) -> None:
    ask(own_school, 3)
    own_school.client.get(STUDENT)
    own_school.client.get("/nothing/here")
    own_school.client.post(STUDENT)
    found = numbers(own_school)
    for number, route, method, status in (
        (3, STUDENT, "GET", "200"), (1, STUDENT, "GET", "401"), (1, "(none)", "GET", "404"),
        (1, "(none)", "POST", "405"),
    ):  # fmt: skip
        assert found.of("homeroom_requests_total", route=route, method=method, status=status) == number


def test_streams_and_what_is_delivered(own_school: School) -> None:
    before = numbers(own_school)
    assert before["homeroom_stream_clients"] == before["homeroom_stream_events_delivered_total"] == 0
    with sse(
        own_school.client.base_url, "/dashboard/stream", token(own_school.ada, own_school.org, "student")
    ) as stream:
        until(lambda: numbers(own_school).of("homeroom_stream_clients", kind="sse") == 1)
        with own_school.database.connect() as db:
            db.execute(
                "select feed.send_to_person(%s, %s, 'note', '{\"n\": 1}')", (own_school.org, own_school.ada)
            )
        assert stream.message()
        until(lambda: numbers(own_school)["homeroom_stream_events_delivered_total"] == 1)
        assert numbers(own_school)["homeroom_feed_events_total"] >= 1
        with own_school.database.connect() as db:
            db.execute("update school.person set is_active = false where id = %s", (own_school.ada,))
        until(lambda: numbers(own_school).of("homeroom_stream_cuts_total", reason="refused") == 1)
    until(lambda: numbers(own_school)["homeroom_stream_clients"] == 0)


def test_sockets_are_streams_of_their_own_kind(own_school: School) -> None:
    value = token(own_school.teacher, own_school.org, "teacher")
    with socket(own_school.client.base_url, "/ws/dashboard/", value):
        until(lambda: numbers(own_school).of("homeroom_stream_clients", kind="socket") == 1)
        assert numbers(own_school)["homeroom_stream_clients"] == 1
    until(lambda: numbers(own_school)["homeroom_stream_clients"] == 0)


SLOW = f"""
create or replace function api.health() returns json language plpgsql security definer
as $$ begin perform {gate.PASS}; return '[]'; end $$
"""


def test_use_of_the_pool(own_school: School, tasks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "REST_SECONDS", 0.0)
    monkeypatch.setattr(pools, "WAIT_SECONDS", 60.0)
    idle = numbers(own_school)
    assert idle.of("homeroom_pool_connections", state="size") == 2
    until(lambda: numbers(own_school).of("homeroom_pool_connections", state="open") == 2)
    with own_school.database.connect() as db, ThreadPoolExecutor(7) as pool:
        db.execute(SLOW.encode())
        gate.shut(db)
        slow = [pool.submit(own_school.client.get, "/health/ready") for _ in range(6)]
        until(lambda: tasks.count("/health/ready") == 6 and len(sessions(own_school.database, "active")) == 2)
        tasks.clear()
        seeing = pool.submit(numbers, own_school)
        until(lambda: bool(tasks))
        time.sleep(1.5)  # it looks at once, and then waits for the database like the others
        assert not any(one.done() for one in slow)
        gate.release(db)
        seen = seeing.result()
        assert seen["homeroom_database_up"] == 1
        assert seen["homeroom_pool_waiting"] >= 4
        assert seen.of("homeroom_pool_connections", state="busy") == 2


def test_what_rate_limits_refuse_and_let_pass(cluster: Cluster) -> None:
    with (
        cluster.prepared(People) as (database, people),
        school_of(database, people, rate_limits="/api/v1/student=3,/api/v1=5,anonymous=2") as school,
    ):
        assert ask(school, 5) == [200, 200, 200, 429, 429]
        for _ in range(4):
            school.client.get("/api/v1/parent/dashboard")
        found = numbers(school)
        assert found.by("homeroom_rate_limit_rejections_total", "rule") == {
            "/api/v1/student": 2, "/api/v1": 0, "anonymous": 2,
        }  # fmt: skip
        assert found["homeroom_rate_limit_leases_total"] >= 2
        assert (
            found["homeroom_rate_limit_store_failures_total"]
            == found["homeroom_rate_limit_passed_total"]
            == 0
        )
        with database.connect() as db:
            db.execute("begin; lock table ops.rate_limit")
            assert school.get(STUDENT, school.ben, "student").status_code == 200
        found = numbers(school)
        assert (
            found["homeroom_rate_limit_store_failures_total"]
            == found["homeroom_rate_limit_passed_total"]
            == 1
        )


def test_the_age_of_readiness_scores(own_school: School) -> None:
    def staleness() -> tuple[float, float]:
        found = numbers(own_school)
        return found["readiness_score_staleness"], found["homeroom_readiness_unscored"]

    assert staleness() == (0, 0)
    with own_school.database.connect() as db:
        watched = Watched(db, own_school.org)
        db.execute("delete from school.readiness_score")
        members = db.execute(
            "select student_id from school.cohort_member where status = 'active' order by 1"
        ).fetchall()
        assert len(members) > 1
        assert staleness() == (0, len(members))
        now = datetime.now(UTC)
        for number, (student,) in enumerate(members):
            for days in (number + 1, 40):
                watched.add(
                    "readiness_score", student_id=student, score=50, scored_at=now - timedelta(days=days)
                )
        oldest, unscored = staleness()
        assert unscored == 0
        assert oldest == pytest.approx(len(members) * 86400, abs=60), "the newest of each, the oldest of them"
        db.execute("update school.person set is_active = false where id = %s", members[-1])
        assert staleness()[0] == pytest.approx((len(members) - 1) * 86400, abs=60)
        db.execute("update school.cohort set status = 'closed'")
        assert staleness() == (0, 0)


def test_the_queue_and_the_worker(own_school: School) -> None:
    before = numbers(own_school)
    assert before["homeroom_worker_up"] == 0
    assert "homeroom_worker_silent_seconds" not in before.names
    with own_school.database.connect() as db:
        db.execute("update board.dashboard_update_queue set processed_at = now()")
        assert numbers(own_school)["queue_depth"] == numbers(own_school)["refresh_worker_lag"] == 0
        facts.attempt(
            db, own_school.org, facts.make_quiz(db, own_school.org, own_school.courses[0]), own_school.ada, 90
        )
        waiting = "from board.dashboard_update_queue where processed_at is null"
        counted = db.execute(f"select priority, count(*) {waiting} group by 1".encode()).fetchall()
        db.execute(
            "update board.dashboard_update_queue set queued_at = now() - interval '400 seconds' "
            "where processed_at is null"
        )
        hear_worker(own_school.database)
        after = numbers(own_school)
        found = after.by("queue_depth", "priority")
        assert found == dict.fromkeys(("urgent", "high", "normal", "low"), 0) | dict(counted)
        assert after["queue_depth"] > 0
        assert after["refresh_worker_lag"] == pytest.approx(400, abs=20)
        db.execute("update board.dashboard_update_queue set processed_at = now()")
        assert numbers(own_school)["queue_depth"] == numbers(own_school)["refresh_worker_lag"] == 0
    assert after["homeroom_worker_up"] == 1
    assert 0 <= after["homeroom_worker_silent_seconds"] < 60


# --- Several processes


def test_one_process_tells_the_numbers_of_all(cluster: Cluster) -> None:
    with cluster.prepared(People) as (database, people), school_of(database, people) as one:
        with school_of(database, people) as other:
            ask(one, 3)
            ask(other, 4)
            numbers(other)  # it tells them at once; else within 5 seconds
            found = numbers(one)
            assert found["homeroom_api_processes"] == 2
            assert found.of("homeroom_requests_total", route=STUDENT) == 7
            assert sorted(found.by("dashboard_latency_seconds_count", "process").values()) == [3, 4]
            assert 0 < found["dashboard_p95_latency"] <= 10
        until(lambda: numbers(one)["homeroom_api_processes"] == 1)
        assert numbers(one).of("homeroom_requests_total", route=STUDENT) == 3


def test_a_process_that_says_nothing_is_forgotten_after_30_seconds(own_school: School) -> None:
    with own_school.database.connect() as db:
        numbers(own_school)
        db.execute(
            "insert into ops.process select kind, 'killed', started_at, now(), silent_after, stats "
            "from ops.process where kind = 'api'"
        )
        assert numbers(own_school)["homeroom_api_processes"] == 2
        db.execute("update ops.process set heard_at = now() - interval '31 seconds' where name = 'killed'")
        assert numbers(own_school)["homeroom_api_processes"] == 1
        assert db.execute("select from ops.process where name = 'killed'").fetchone() is None


def test_workers_of_a_port_tell_of_themselves_and_end_in_order(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path, DASHBOARD_WORKERS="2") as server:
        until(lambda: scrape(server.client)["homeroom_api_processes"] == 2)
    with database.connect() as db:
        assert db.execute("select count(*) from ops.process where kind = 'api'").fetchone() == (0,)


def test_without_a_database_there_are_the_own_numbers(own_school: School) -> None:
    assert numbers(own_school)["homeroom_database_up"] == 1
    ask(own_school)
    limit = sql.SQL("alter database {} connection limit {}")
    name = sql.Identifier(own_school.database.name)
    with own_school.database.connect() as db:
        db.execute(limit.format(name, 0))
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name like 'homeroom%'"
        )
        until(lambda: numbers(own_school)["homeroom_database_up"] == 0)
        assert numbers(own_school).of("homeroom_requests_total", route=STUDENT) >= 1
        assert "queue_depth" not in numbers(own_school).names
        db.execute(limit.format(name, -1))
    until(lambda: numbers(own_school)["homeroom_database_up"] == 1)


def test_an_admin_reads_the_caches_of_all(own_school: School) -> None:
    numbers(own_school)
    with own_school.database.connect("homeroom_api") as db:
        row = db.execute(
            "select api.cache_stats(jsonb_build_object('sub', %s::text, 'org', %s::bigint, 'role', 'admin'))",
            (str(own_school.admin), own_school.org),
        ).fetchone()
    assert row
    [process] = row[0]["processes"]
    assert row[0]["total"] == process["cache"]
    assert process["cache"]["limit_bytes"] == 0, "this one keeps nothing"
    assert re.fullmatch("[0-9a-f]{6}", process["name"]), "neither host nor process id"
    [label] = numbers(own_school).by("homeroom_pool_waiting", "process")
    assert label.endswith(f":{process['name']}"), "an operator finds it"
