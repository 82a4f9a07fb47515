"""What may go wrong around kept answers: none is out of date for longer than the lease, whatever fails."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from api import session as cookies
from api.cache import tagged
from api.edge import Edge
from listener.feed import connection as feed_connection
from tests.api.caching import cache_in, caching, start_reader, stop_reader
from tests.api.process import until
from tests.api.student import ACTION, DASHBOARD, Programs
from tests.api.support import People, School, bearer, token
from tests.support import gate
from tests.support import school as facts
from tests.support.freshness import AWARD, Client, Ledger, Writer, make_students
from tests.support.proxy import Proxy
from tests.support.servers import Cluster, Database

LEASE = 0.25
FAULTS = ["the feed is cut", "the feed is silent", "the reader is stopped"]
FAULT_SECONDS = 2.0
PERFORMANCE = "/api/v1/student/performance"


def token_for(person: UUID, org: int, role: str = "student") -> str:
    return token(person, org, role, exp=int(time.time()) + 600)


def hits(app: Edge) -> int:
    """Answers that were given from memory."""
    return cache_in(app).counts["hits"]


def until_kept(app: Edge, ask: Callable[[], Any]) -> None:
    """Ask until an answer comes from memory."""

    def again() -> bool:
        before = hits(app)
        ask()
        return hits(app) > before

    until(again)


def until_lapsed(app: Edge, before: int, ask: Callable[[], Any]) -> None:
    """Ask until more answers than before were not given from memory because the lease had run out."""

    def again() -> bool:
        ask()
        return cache_in(app).counts["lapsed"] > before

    until(again)


# --- The feed


class Fault:
    """Something that keeps the reader of an API from hearing what is committed."""

    def __init__(self, kind: str, database: Database, app: Edge, proxy: Proxy) -> None:
        self._kind, self._database, self._app, self._proxy = kind, database, app, proxy
        self._over = threading.Event()
        self._cutter = threading.Thread(target=self._cut)

    def __enter__(self) -> None:
        match self._kind:
            case "the feed is cut":
                self._cutter.start()
            case "the feed is silent":
                self._proxy.silent()
            case _:
                stop_reader(self._app)

    def __exit__(self, *_: object) -> None:
        match self._kind:
            case "the feed is cut":
                self._over.set()
                self._cutter.join(60)
            case "the feed is silent":
                self._proxy.speak()
            case _:
                start_reader(self._app)

    def _cut(self) -> None:
        """Again and again, as soon as it is there."""
        with self._database.connect() as db:
            while not self._over.wait(0.02):
                db.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name = 'homeroom feed' and datname = current_database()"
                )


@contextmanager
def behind_proxy(
    database: Database, monkeypatch: pytest.MonkeyPatch, people: People
) -> Iterator[tuple[Edge, School, Proxy]]:
    """An API whose feed goes through a proxy, and gives up on a silent one soon."""
    monkeypatch.setattr(feed_connection, "ANSWER_SECONDS", 0.7)
    monkeypatch.setattr(feed_connection, "BACKOFF_SECONDS", (0.02, 0.1))
    with (
        Proxy(database.url("homeroom_api")) as proxy,
        caching(database, people, database_listen_url=proxy.conninfo) as (app, school),
    ):
        yield app, school, proxy


@pytest.mark.parametrize("kind", FAULTS)
def test_no_answer_is_older_than_the_lease_while_nothing_is_heard(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """And each request is answered; when the fault is over, from memory again."""
    with (
        cluster.prepared(People) as (database, people),
        behind_proxy(database, monkeypatch, people) as (app, school, proxy),
    ):
        with database.connect() as db:
            org, students = make_students(db, 20)
        ledger = Ledger(len(students))
        writer = Writer(database.url(), org, students, ledger, range(len(students)), 50)
        writer.start()
        client = Client(
            [school.client.base_url.port or 0], [token_for(student, org) for student in students], 4, seed=1
        )
        try:
            until_kept(app, client.round)
            for _ in range(2):
                with Fault(kind, database, app, proxy):
                    lapsed = cache_in(app).counts["lapsed"]
                    end = time.monotonic() + FAULT_SECONDS
                    while time.monotonic() < end:
                        client.round()
                        time.sleep(0.005)
                    if kind != "the feed is cut":
                        until_lapsed(app, lapsed, client.round)
                until_kept(app, client.round)
        finally:
            writer.end()
            client.close()
        assert client.reads.stale(ledger, LEASE) == []
        assert client.reads.invented(ledger) == 0


@pytest.mark.parametrize("kind", ["nothing", *FAULTS])
def test_who_writes_reads_it_at_once(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Two hundred times in a row, each time from the process that took the action."""
    with (
        cluster.prepared(Programs) as (database, people),
        behind_proxy(database, monkeypatch, people) as (app, school, proxy),
        ExitStack() as fault,
    ):
        headers = bearer(token_for(school.ada, school.org))

        def goals() -> int:
            answer = school.client.get(DASHBOARD, headers=headers)
            assert answer.status_code == 200, answer.text
            found: int = answer.json()["cards"]["coaching"]["active_goals"]
            return found

        until_kept(app, goals)
        if kind != "nothing":
            fault.enter_context(Fault(kind, database, app, proxy))
        shown = goals()
        before = hits(app)
        for number in range(200):
            body = {"action": "goal_created", "title": f"Goal {number}"}
            answer = school.client.post(ACTION, headers=headers, json=body)
            assert answer.status_code == 202, answer.text
            assert goals() == shown + number + 1
            goals()  # kept, unless the lease has run out: what the next action has to purge
        if kind == "the feed is cut":  # and there again at times, soon or late
            until_kept(app, goals)
        assert hits(app) > before or kind in FAULTS[1:]


UNSETTLED = """
create or replace function api.feed_stale(cursor text) returns text language plpgsql as
$$ begin raise exception 'nobody can say'; end $$
"""


def test_if_nobody_can_say_what_a_write_has_changed_nothing_kept_is_served(cluster: Cluster) -> None:
    """Not to whoever wrote, not to others, before the reader has read again."""
    with (
        cluster.prepared(Programs) as (database, people),
        # A lease that would hold for the whole test.
        caching(database, people, cache_lease_seconds=60.0) as (app, school),
        database.connect() as db,
    ):
        headers = bearer(token_for(school.ada, school.org))
        theirs = bearer(token_for(school.ben, school.org))

        def goals() -> int:
            found: int = school.client.get(DASHBOARD, headers=headers).json()["cards"]["coaching"][
                "active_goals"
            ]
            return found

        until_kept(app, goals)
        until_kept(app, lambda: school.client.get(PERFORMANCE, headers=theirs))
        stop_reader(app)  # it would hear of the write itself
        shown = goals()
        db.execute(UNSETTLED.encode())
        body = {"action": "goal_created", "title": "Unsettled"}
        before = hits(app)
        assert school.client.post(ACTION, headers=headers, json=body).status_code == 202
        assert goals() == shown + 1
        assert school.client.get(PERFORMANCE, headers=theirs).status_code == 200
        assert hits(app) == before


# --- Races


# What is read is there before the lock is waited for: the answer is an old one when it comes.
SLOW = f"""
alter function api.student_dashboard(jsonb, boolean, boolean) rename to student_dashboard_at_once;
create function api.student_dashboard(claims jsonb, notifications boolean, nudge boolean)
returns api.cacheable language plpgsql as $$
declare
    answer api.cacheable := api.student_dashboard_at_once(claims, notifications, nudge);
begin
    perform {gate.PASS};
    return answer;
end $$
"""


@pytest.mark.parametrize("who", ["the reader", "the writer itself", "an admin"])
def test_an_answer_that_was_read_before_a_purge_is_not_kept(cluster: Cluster, who: str) -> None:
    """who: whose purge comes between the read in the database and the answer."""
    with (
        cluster.prepared(Programs) as (database, people),
        caching(database, people, database_statement_timeout=60.0) as (app, school),
        database.connect() as db,
        database.connect() as lock,
        ThreadPoolExecutor(1) as apart,
    ):
        cache = cache_in(app)
        headers = bearer(token_for(school.ada, school.org))
        admin = bearer(token_for(school.admin, school.org, "admin"))

        def read(path: str = DASHBOARD) -> dict[str, Any]:
            answer = school.client.get(path, headers=headers)
            assert answer.status_code == 200, answer.text
            document: dict[str, Any] = answer.json()
            return document

        def goals() -> int:
            found: int = read()["cards"]["coaching"]["active_goals"]
            return found

        until_kept(app, lambda: read(PERFORMANCE))
        before = goals()
        db.execute(SLOW.encode())
        db.execute("update school.goal set title = title where student_id = %s", (school.ada,))
        until(lambda: not cache.holds((f"{school.org}:{school.ada}", "student", DASHBOARD, b"")))
        until_kept(app, lambda: read(PERFORMANCE))
        gate.shut(lock)
        answer = apart.submit(goals)
        until(lambda: gate.waiting(db) == 1)
        of_ada = tagged(school.org, f"s{school.ada}")
        purged, raced = cache._purged[of_ada], cache.counts["raced"]
        if who == "the writer itself":
            body = {"action": "goal_created", "title": "Between"}
            assert school.client.post(ACTION, headers=headers, json=body).status_code == 202
        else:
            facts._insert(
                db, "goal", {"org_id": school.org, "student_id": school.ada, "title": "Between"}, "id"
            )
            if who == "an admin":
                school.client.post("/dashboard/cache/invalidate", headers=admin, json={}).raise_for_status()
            else:
                until(lambda: cache._purged[of_ada] > purged)
        assert not answer.done()
        gate.release(lock)
        assert answer.result() == before, "it was asked for before"
        assert cache.counts["raced"] == raced + 1
        assert goals() == before + 1
        until_kept(app, goals)


# --- Rights


REFUSALS = {
    "deactivated": ("update school.person set is_active = false where id = %s", 401),
    "the role is gone": ("delete from school.person_role where person_id = %s", 403),
    "deleted": ("delete from school.person where id = %s", 401),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_who_may_no_longer_is_refused_within_the_lease(cluster: Cluster, how: str) -> None:
    statement, status = REFUSALS[how]
    with (
        cluster.prepared(People) as (database, people),
        caching(database, people) as (first, school),
        caching(database, people) as (second, elsewhere),
        database.connect() as db,
    ):
        eve = facts.make_person(db, school.org, "student", name="Eve")
        headers = bearer(token_for(eve, school.org))
        for app, each in ((first, school), (second, elsewhere)):
            for path in (DASHBOARD, PERFORMANCE):
                until_kept(app, lambda each=each, path=path: each.client.get(path, headers=headers))  # type: ignore[misc]
        db.execute(statement.encode(), (eve,))
        time.sleep(LEASE)
        before = hits(first), hits(second)
        for each in (school, elsewhere):
            for path in (DASHBOARD, PERFORMANCE) * 3:
                answer = each.client.get(path, headers=headers)
                assert answer.status_code == status, answer.text
        assert (hits(first), hits(second)) == before


def test_a_session_that_has_ended_gets_nothing_that_is_kept(cluster: Cluster) -> None:
    """Nothing at all in the process where it ended, nothing after the lease in others."""
    with (
        cluster.prepared(People) as (database, people),
        caching(database, people) as (first, school),
        caching(database, people) as (second, elsewhere),
    ):
        headers = bearer(token_for(school.ada, school.org))
        with httpx.Client(base_url=school.client.base_url, trust_env=False, timeout=60) as browser:
            began = browser.post("/api/v1/session", headers=headers)
            assert began.status_code == 200, began.text
            csrf = began.json()["csrf_token"]
            value = browser.cookies[cookies.SESSION]
            cookie = {"Cookie": f"{cookies.SESSION}={value}"}
            for app, each in ((first, school), (second, elsewhere)):
                until_kept(app, lambda each=each: each.client.get(DASHBOARD, headers=cookie))  # type: ignore[misc]
            ended = browser.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
            assert ended.status_code == 200, ended.text
        assert school.client.get(DASHBOARD, headers=cookie).status_code == 401
        time.sleep(LEASE)
        for each in (school, elsewhere):
            for _ in range(3):
                assert each.client.get(DASHBOARD, headers=cookie).status_code == 401
            assert each.client.get(DASHBOARD, headers=headers).status_code == 200


# --- The database


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_after_the_database_was_away_nothing_is_out_of_date(cluster: Cluster, how: str) -> None:
    with Cluster(cluster.version) as own, own.prepared(People) as (database, people):
        with database.connect() as db:
            org, students = make_students(db, 5)
        ledger = Ledger(len(students))
        tokens = [token_for(student, org) for student in students]
        with caching(database, people) as (app, school):
            port = school.client.base_url.port or 0
            client = Client([port], tokens, 4, seed=1)
            until_kept(app, client.round)
            for _ in range(2):
                kept = cache_in(app).stats()["entries"]
                assert kept > 0
                if how == "killed":
                    with database.connect() as db:
                        row = db.execute("select pg_read_file('postmaster.pid')").fetchone()
                    assert row is not None
                    os.kill(int(row[0].split()[0]), signal.SIGKILL)
                    until(lambda: own.server.poll() is not None)
                else:
                    own.server.stop()
                own.server.start()
                with database.connect() as db:
                    for number, student in enumerate(students):
                        db.execute(AWARD, (org, student, 3))
                        ledger.begun[number] += 3
                        ledger.note(number, 3)
                time.sleep(LEASE)
                answering(school, tokens[0])
                until_kept(app, client.round)
                with database.connect() as db:  # what was kept since is purged as ever
                    for number, student in enumerate(students):
                        db.execute(AWARD, (org, student, 2))
                        ledger.begun[number] += 2
                        ledger.note(number, 2)
                time.sleep(LEASE)
                until_kept(app, client.round)
            client.close()
        assert client.reads.stale(ledger, LEASE) == []


def answering(school: School, value: str) -> None:
    """Wait until the API has found its database again. What it says until then is that it has none."""

    def answers() -> bool:
        status = school.client.get(DASHBOARD, headers=bearer(value)).status_code
        assert status in (200, 503)
        return status == 200

    until(answers)
