"""Behind a proxy that is trusted, all is as without one but for who asks and whether by TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.proxies import Proxied
from tests.api.process import until
from tests.api.support import People, School, bearer, serving, settings_for, token
from tests.attack.wire import exchange
from tests.support.servers import Cluster

DASHBOARD = "/api/v1/student/dashboard"
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
def school(cluster: Cluster) -> Iterator[School]:
    """A school whose API keeps answers, behind a proxy on this machine."""
    with cluster.prepared(People) as (database, people):
        edge = create_app(settings_for(database, cache_enabled=True, rate_limits="/api/v1=600,anonymous=3"))
        with serving(Proxied(edge, ["127.0.0.1"])) as client:
            yield School(database, client, people)


def test_a_kept_answer_is_given_at_once(school: School, tasks: list[str]) -> None:
    headers = bearer(token(school.ada, school.org, "student")) | TLS

    def is_at_once() -> bool:
        before = len(tasks)
        answer = school.client.get(DASHBOARD, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        return len(tasks) == before

    assert not is_at_once(), "the control: the first is made"
    until(is_at_once)


def test_each_client_has_its_own_limit(school: School) -> None:
    def ask(address: str) -> int:
        return school.client.get(DASHBOARD, headers={"X-Forwarded-For": address}).status_code

    assert [ask("203.0.113.9") for _ in range(4)] == [401, 401, 401, 429]
    assert ask("203.0.113.10") == 401


def test_what_is_no_request_is_refused_in_full(school: School) -> None:
    (reply,) = exchange(school.client, b"no request\r\n\r\n")
    assert (reply.status, reply.header("content-type")) == (400, "application/problem+json")
    assert reply.header("x-request-id")
