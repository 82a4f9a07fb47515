"""Kept answers by HTTP: who gets them, in which form, and how admins command them in every process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.process import until
from tests.api.support import People, School, bearer, hear_worker, is_ready, school_of, token
from tests.support.servers import Cluster

DASHBOARD = "/api/v1/student/dashboard"
STATS = "/dashboard/cache/stats"
INVALIDATE = "/dashboard/cache/invalidate"
WARM = "/dashboard/cache/warm"
KEPT = {
    "cache_enabled": True,
    "feed_poll_seconds": 0.05,
    "rate_limit_enabled": False,
    "cache_lease_seconds": 60,
}
"""A lease, and no other, that no busy machine lets run out between two requests."""


@pytest.fixture
def schools(cluster: Cluster) -> Iterator[tuple[School, School]]:
    """Two processes' worth of an API on one database, both of which keep answers."""
    with cluster.prepared(People) as (database, people), ExitStack() as stack:
        one, other = (stack.enter_context(school_of(database, people, **KEPT)) for _ in range(2))
        hear_worker(database)
        for each in (one, other):
            until(lambda each=each: is_ready(each.client))  # type: ignore[misc]
        yield one, other


def get(school: School, path: str, who: Any, role: str, **headers: str) -> httpx.Response:
    """Ask, as somebody. `_` in the headers' names stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return school.client.get(path, headers=bearer(token(who, school.org, role)) | named)


def is_kept(answer: httpx.Response) -> bool:
    """Whether the database had nothing to do with an answer."""
    return answer.headers["server-timing"].startswith("db;dur=0.0,")


def keep(school: School, path: str, who: Any, role: str) -> httpx.Response:
    """Ask until the answer is a kept one."""
    found: list[httpx.Response] = []

    def asked() -> bool:
        found.append(get(school, path, who, role))
        return is_kept(found[-1])

    until(asked)
    return found[-1]


def test_an_answer_is_kept_and_is_the_same(schools: tuple[School, School]) -> None:
    school, other = schools
    first = get(school, DASHBOARD, school.ada, "student")
    assert not is_kept(first)
    again = keep(school, DASHBOARD, school.ada, "student")
    assert again.content == first.content
    for name in ("etag", "content-type", "cache-control", "x-api-version", "content-security-policy"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert is_kept(get(school, f"{DASHBOARD}/", school.ada, "student")), "with a slash, too"
    assert not is_kept(get(school, f"{DASHBOARD}?include_ai_nudge=false", school.ada, "student"))
    assert not is_kept(get(school, DASHBOARD, school.ben, "student"))
    assert not is_kept(get(other, DASHBOARD, school.ada, "student")), "each process has its own"
    assert get(school, DASHBOARD, school.ada, "parent").status_code == 403


def test_what_has_a_long_query_is_not_kept(schools: tuple[School, School]) -> None:
    school, _ = schools
    keep(school, f"{DASHBOARD}?x={'y' * 100}", school.ada, "student")
    long = f"{DASHBOARD}?x={'y' * 256}"
    for _ in range(5):
        answer = get(school, long, school.ada, "student")
        assert answer.status_code == 200 and not is_kept(answer)


def test_head_and_304_of_a_kept_answer(schools: tuple[School, School]) -> None:
    school, other = schools
    kept = keep(school, DASHBOARD, school.ada, "student")
    headers = bearer(token(school.ada, school.org, "student"))
    head = school.client.head(DASHBOARD, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    plain = school.client.head(DASHBOARD, headers=headers | {"Accept-Encoding": "identity"})
    assert int(plain.headers["content-length"]) == len(kept.content)
    etag = kept.headers["etag"]
    for server in (school, other, other):
        same = get(server, DASHBOARD, school.ada, "student", if_none_match=etag)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert get(school, DASHBOARD, school.ben, "student", if_none_match=etag).status_code == 200
    assert get(school, DASHBOARD, school.ada, "student", if_none_match='"other"').status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "identity"])
def test_a_kept_answer_in_each_coding(schools: tuple[School, School], coding: str) -> None:
    school, _ = schools
    plain = get(school, DASHBOARD, school.ada, "student", accept_encoding="identity")
    for _ in range(3):
        answer = get(school, DASHBOARD, school.ada, "student", accept_encoding=coding)
        assert answer.headers.get("content-encoding", "identity") == coding
        assert answer.json() == plain.json()
        assert answer.headers["vary"] == "accept-encoding"


def test_errors_and_lists_are_not_kept(schools: tuple[School, School]) -> None:
    school, _ = schools
    for _ in range(3):
        answer = get(school, f"/api/v1/parent/students/{school.cleo}/performance", school.parent, "parent")
        assert answer.status_code == 404 and "etag" not in answer.headers
        listed = get(school, "/api/v1/director/dashboard/cohorts", school.admin, "admin")
        assert listed.status_code == 200 and not is_kept(listed)


@pytest.mark.parametrize(
    ("order", "gone"),
    [
        ("", {"ada", "ben"}),
        ("?pattern=/api/v1/student/*", {"ada", "ben"}),
        ("?pattern=/api/v1/student/performance", set()),
        ("?person={ada}", {"ada"}),
        ("?pattern=/api/v1/*&person={ben}", {"ben"}),
    ],
)
def test_an_admin_has_every_process_forget(
    schools: tuple[School, School], order: str, gone: set[str]
) -> None:
    school, other = schools
    for server in schools:
        for who in (school.ada, school.ben):
            keep(server, DASHBOARD, who, "student")
    url = INVALIDATE + order.format(ada=school.ada, ben=school.ben)
    answer = school.client.post(url, headers=bearer(token(school.admin, school.org, "admin")))
    assert answer.status_code == 202, answer.text
    for name in gone:
        who = getattr(school, name)
        assert not is_kept(get(school, DASHBOARD, who, "student")), "here at once"
        until(lambda who=who: not is_kept(get(other, DASHBOARD, who, "student")))  # type: ignore[misc]
    for name in {"ada", "ben"} - gone:
        for server in schools:
            keep(server, DASHBOARD, getattr(school, name), "student")


def test_what_an_admin_may_not_say(schools: tuple[School, School]) -> None:
    school, _ = schools
    headers = bearer(token(school.admin, school.org, "admin"))
    wrong = school.client.post(f"{INVALIDATE}?pattern=api'--", headers=headers)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "pattern")
    assert school.client.post(f"{INVALIDATE}?person={school.other_admin}", headers=headers).status_code == 404
    assert school.client.post(f"{INVALIDATE}?person=x", headers=headers).status_code == 422
    for path in (INVALIDATE, WARM):
        assert school.client.post(path).status_code == 401
        assert school.post(path, school.ada, "student", {}).status_code == 403
    assert get(school, STATS, school.ada, "student").status_code == 403


def test_an_order_is_for_the_own_organization(schools: tuple[School, School]) -> None:
    school, _ = schools
    keep(school, DASHBOARD, school.ada, "student")
    others = bearer(token(school.other_admin, school.other_org, "admin"))
    assert school.client.post(INVALIDATE, headers=others).status_code == 202
    assert is_kept(keep(school, DASHBOARD, school.ada, "student"))


def test_answers_are_made_ahead_for_who_was_about(schools: tuple[School, School]) -> None:
    school, other = schools
    get(school, DASHBOARD, school.ada, "student")
    answer = school.client.post(WARM, headers=bearer(token(school.admin, school.org, "admin")))
    assert answer.status_code == 202

    def made() -> int:
        time.sleep(0.1)  # numbers come every few seconds
        numbers = get(school, STATS, school.admin, "admin").json()
        assert len(numbers["processes"]) <= 2
        return int(numbers["total"].get("warmed", 0))

    until(lambda: made() > 0)  # by the other: here it is there already
    keep(other, DASHBOARD, school.ben, "student")  # the lease runs
    assert is_kept(get(other, DASHBOARD, school.ada, "student")), "though nobody has asked here"


def test_nothing_is_made_ahead_for_a_cache_that_keeps_nothing(schools: tuple[School, School]) -> None:
    school, _ = schools
    get(school, DASHBOARD, school.ada, "student")

    def made() -> list[Any]:
        return [entry for entry in said if entry["event"] == "answers made ahead"]

    def order(made_then: int) -> None:
        school.client.post(WARM, headers=bearer(token(school.admin, school.org, "admin")))
        until(lambda: len(made()) >= made_then)

    off = KEPT | {"cache_enabled": False}
    with school_of(school.database, school, **off) as other, capture_logs() as said:
        hear_worker(school.database)
        until(lambda: is_ready(other.client))
        order(2)
        order(4)
    assert len(made()) == 4, "by the two that keep"
