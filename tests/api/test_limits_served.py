"""Rate limits of `homeroom serve`: processes of one port count as one, and a restart forgets nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.api.numbers import scrape
from tests.api.process import Server, served, until
from tests.api.support import People, School, bearer, token
from tests.api.test_limits import PATIENT, wait_for_the_next_slot
from tests.support.servers import Cluster

PATH = "/api/v1/student/performance"
LIMITS = {"DASHBOARD_WORKERS": "2", "RATE_LIMITS": "/api/v1=100,anonymous=10"}


def allowed(server: Server, headers: dict[str, str], tries: int = 10) -> int:
    """How many of so many requests are, each by a connection of its own, so that both processes get some."""
    statuses = [
        httpx.get(f"{server.client.base_url}{PATH}", headers=headers, trust_env=False, timeout=60).status_code
        for _ in range(tries)
    ]
    return sum(status != 429 for status in statuses)


def uncounted(server: Server) -> float:
    """How many passed because the store was slow, as it may be on a busy machine."""
    return scrape(server.client)["homeroom_rate_limit_passed_total"]


def test_two_processes_share_a_limit_which_outlives_them(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.prepared(People) as (database, people):
        wait_for_the_next_slot(60)
        with database.connect() as db:
            db.execute(PATIENT)
        with served(database, tmp_path, **LIMITS) as server, ThreadPoolExecutor(4) as pool:
            until(lambda: scrape(server.client)["homeroom_api_processes"] == 2)
            school = School(database, server.client, people)
            who = bearer(token(school.ada, school.org, "student"))
            hers = sum(pool.map(lambda _: allowed(server, who), range(15)))
            until(lambda: hers - uncounted(server) == 100)
            refused = server.client.get(PATH, headers=who)
            assert refused.status_code == 429
            assert refused.headers["content-type"] == "application/problem+json"
            assert 0 < int(refused.headers["retry-after"]) <= 3900
            assert refused.headers["ratelimit-limit"] == "100"
            assert refused.headers["ratelimit-remaining"] == "0"
            assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
            other = server.client.get(PATH, headers=bearer(token(school.ben, school.org, "student")))
            assert other.status_code == 200
            assert 0 < int(other.headers["ratelimit-remaining"]) < 100
            assert 3600 - 300 <= int(other.headers["ratelimit-reset"]) <= 3900, "an hour after the first"
            strangers = sum(pool.map(lambda _: allowed(server, {}), range(4)))
            until(lambda: hers + strangers - uncounted(server) == 110)  # ten of this address
            refusals = 15 * 10 + 4 * 10 - hers - strangers
            until(lambda: scrape(server.client)["homeroom_rate_limit_rejections_total"] >= refusals)
        with served(database, tmp_path, **LIMITS) as server:
            who = bearer(token(school.ada, school.org, "student"))
            assert allowed(server, who) == 0
            ben = server.client.get(PATH, headers=bearer(token(school.ben, school.org, "student")))
            assert ben.headers["ratelimit-remaining"] == "98", "what was leased and not used came back"
            assert server.client.get("/health/live").status_code == 200, "no limit there"
