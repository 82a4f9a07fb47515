"""Behind PgBouncer in transaction mode: right answers for everybody, and nothing of one is left for the next.

The pooler is Debian's, 1.18, which knows nothing of prepared statements; its configuration is what we ship.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest
import uvloop

from api import connection
from api.database import Database as Pool
from api.database import Function
from api.settings import SettingsError, load
from tests.api.live import ANY, SEND, notes, value
from tests.api.pool import (
    ECHO,
    FAIL_LATE,
    FUNCTIONS,
    HOLD,
    NAP,
    PID,
    answers,
    eventually,
    held,
    refused,
    until_held,
)
from tests.api.process import served, until
from tests.api.student import Programs
from tests.api.support import People, bearer, school_of, token
from tests.support.pooler import Pooler, pooled
from tests.support.servers import Cluster, Database
from tests.support.streams import sse

BRIEF = Function("test_echo", "text", brief=True)
BRIEF_NAP = Function("test_nap", "float8", "text", brief=True)
BRIEF_FAIL = Function("test_fail", "text", brief=True)
STATE = Function("test_state", brief=True)
ENTER = Function("test_enter", "jsonb", "text", brief=True)
MORE = """
create function api.test_state() returns json language sql volatile as $$select json_build_object(
    'user', current_user, 'role', current_setting('role'), 'timeout', current_setting('statement_timeout'),
    'claims', nullif(current_setting('request.jwt.claims', true), ''), 'jit', current_setting('jit'))$$;
create function api.test_enter(claims jsonb, wish text) returns json language plpgsql volatile as $$
begin
    perform auth.enter(claims, 'student', 'parent', 'teacher', 'tutor', 'admin');
    if wish = 'fail' then raise 'as told' using errcode = 'HR409'; end if;
    return json_build_object('user', current_user, 'claims', current_setting('request.jwt.claims')::jsonb);
end$$;
"""


@pytest.fixture
def prepared(database: Database) -> Database:
    """A database with this module's functions."""
    with database.connect() as db:
        db.execute(FUNCTIONS + MORE)
    return database


def through(
    pooler: Pooler,
    scenario: Callable[..., Awaitable[None]],
    *,
    pools: int = 1,
    size: int = 4,
    statement_timeout: float = 5,
) -> None:
    """Run a scenario with some pools, as of as many API processes."""

    async def main() -> None:
        opened = [
            Pool(pooler.url(), size=size, statement_timeout=statement_timeout, pooler=True)
            for _ in range(pools)
        ]
        for pool in opened:
            await pool.open()
        try:
            await scenario(*opened)
        finally:
            for pool in opened:
                await pool.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), 120))


def test_many_calls_that_follow_each_other_share_few_servers_each_with_its_own_answer(
    prepared: Database,
) -> None:
    async def scenario(pool: Pool) -> None:
        for _ in range(5):
            found = await asyncio.gather(
                *(pool.call((ECHO, BRIEF)[n % 2], str(n)) for n in range(200)),
            )
            assert found == [f'"{number}"'.encode() for number in range(200)]
        pids = await asyncio.gather(*(pool.call(PID) for _ in range(50)))
        assert len(set(pids)) <= 2, "of the pooler's servers"

    with pooled(prepared, servers=2) as pooler:
        through(pooler, scenario)


def test_an_error_is_its_callers_alone_wherever_it_comes(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        for _ in range(20):
            row = [
                pool.call(BRIEF, "first"),
                pool.call(BRIEF_FAIL, "HR409"),
                pool.call(NAP, "soon", "malformed"),
                pool.call(FAIL_LATE, "told"),
                pool.call(BRIEF, "cancelled"),
                pool.call(Function("test_missing", brief=True)),
                pool.call(BRIEF, "last"),
            ]
            row[4].cancel()
            assert (await row[0], await row[6]) == (b'"first"', b'"last"')
            found = [(await refused(row[n])).sqlstate for n in (1, 2, 3, 5)]
            assert found == ["HR409", "22P02", "HR409", "42883"]

    with pooled(prepared, servers=1) as pooler:
        through(pooler, scenario)


def test_role_claims_and_limits_end_with_their_transaction(prepared: Database) -> None:
    with prepared.connect() as db:
        people = People(db)
    everybody: list[tuple[int, UUID, str]] = [
        (people.org, people.ada, "student"),
        (people.org, people.parent, "parent"),
        (people.org, people.teacher, "teacher"),
        (people.org, people.admin, "admin"),
        (people.other_org, people.other_student, "student"),
        (people.other_org, people.other_admin, "admin"),
    ]
    chance = random.Random(5)
    clean = {"user": "homeroom_api", "role": "none", "timeout": "5s", "claims": None, "jit": "off"}

    async def one(pool: Pool) -> None:
        org, person, role = chance.choice(everybody)
        claims = {"org": org, "sub": str(person), "role": role}
        wish = chance.choice(("answer", "answer", "fail", "cancel", "state"))
        if wish == "state":
            assert msgspec.json.decode(await pool.call(STATE)) == clean
            return
        call = asyncio.ensure_future(pool.call(ENTER, msgspec.json.encode(claims).decode(), wish))
        if wish == "cancel":
            await asyncio.sleep(chance.random() / 500)
            call.cancel()
        elif wish == "fail":
            assert (await refused(call)).sqlstate == "HR409"
        else:
            assert msgspec.json.decode(await call) == {"user": f"homeroom_{role}", "claims": claims}

    async def scenario(*pools: Pool) -> None:
        for _ in range(10):
            await asyncio.gather(*(one(pool) for pool in pools for _ in range(50)), return_exceptions=False)
        for pool in pools:
            assert msgspec.json.decode(await pool.call(STATE)) == clean

    with pooled(prepared, servers=2) as pooler:
        through(pooler, scenario, pools=3)
        # A client that sets nothing sees what the server processes keep of all that: nothing.
        with (
            psycopg.connect(pooler.url(), autocommit=True, prepare_threshold=None) as other,
            prepared.connect("homeroom_api") as direct,
        ):
            untouched = direct.execute("select api.test_state()").fetchone()
            assert untouched is not None and untouched[0]["timeout"] != clean["timeout"]
            for _ in range(10):
                assert other.execute("select api.test_state()").fetchone() == untouched


def test_a_statement_that_takes_too_long_is_ended(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        assert (await refused(pool.call(NAP, "50", "late"))).sqlstate == "57014"
        await eventually(lambda: answers(pool))  # on a busy machine that, too, may take too long

    with pooled(prepared, servers=1) as pooler:
        through(pooler, scenario, statement_timeout=0.2)


def test_no_process_keeps_a_server_for_itself(prepared: Database) -> None:
    """The pooler cannot take a server from a connection that always has something on the way."""

    async def scenario(busy: Pool, other: Pool) -> None:
        answered = 0

        async def again_and_again() -> None:
            nonlocal answered
            while not done.is_set():
                await busy.call(BRIEF_NAP, "0.001", "x")  # one answer at a time, so there is always a next
                answered += 1

        done = asyncio.Event()
        crowd = [asyncio.ensure_future(again_and_again()) for _ in range(connection.DEPTH // 2)]
        await asyncio.sleep(0.05)
        for number in range(20):
            assert await other.call(BRIEF, str(number)) == f'"{number}"'.encode()
        assert answered > 20
        done.set()
        await asyncio.gather(*crowd)

    with pooled(prepared, servers=1, query_wait_timeout="9") as pooler:
        through(pooler, scenario, pools=2, size=1)


def test_servers_that_end_and_a_pooler_that_starts_anew_cost_their_calls_and_no_more(
    prepared: Database,
) -> None:
    def end_all() -> None:
        with prepared.connect() as db:
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and usename = 'homeroom_api'"
            )

    def start_anew() -> None:
        pooler.stop()
        pooler.start()

    async def scenario(pool: Pool) -> None:
        for break_it in (end_all, start_anew):
            with held(prepared):
                running = [pool.call(HOLD, "cut") for _ in range(2)]
                await until_held(prepared, 2)
                await asyncio.to_thread(break_it)
                for call in running:
                    assert (await refused(call)).sqlstate[:2] in ("57", "08")
            await eventually(lambda: answers(pool))
            found = await asyncio.gather(*(pool.call(BRIEF, str(n)) for n in range(100)))
            assert found == [f'"{number}"'.encode() for number in range(100)]

    with pooled(prepared, servers=2) as pooler:
        through(pooler, scenario, statement_timeout=60)


def test_no_server_comes_free_in_time(prepared: Database) -> None:
    """The pooler says so, and ends the connection; what runs goes on."""

    async def scenario(pool: Pool, other: Pool) -> None:
        with held(prepared) as let_go:
            long = pool.call(HOLD, "there")
            await until_held(prepared)
            assert (await refused(other.call(ECHO, "hello?"))).sqlstate[:2] in ("08", "57")
            let_go()
            assert await long == b'"there"'
        await eventually(lambda: answers(other))

    with pooled(prepared, servers=1, query_wait_timeout="1") as pooler:
        through(pooler, scenario, pools=2, statement_timeout=60)


@contextmanager
def both_ways(database: Database, people: Any, pooler: Pooler) -> Iterator[tuple[Any, Any]]:
    """The school's API through the pooler, and the same on the server itself."""
    with ExitStack() as running:
        settings = {
            "api_database_url": pooler.url(),
            "database_pooler": True,
            "database_listen_url": database.url("homeroom_api"),
        }
        yield (
            running.enter_context(school_of(database, people, **settings)),
            running.enter_context(school_of(database, people)),
        )


def test_everybodys_dashboards_come_through_at_once(cluster: Cluster) -> None:
    with (
        cluster.prepared(Programs) as (database, people),
        pooled(database, servers=3) as pooler,
        both_ways(database, people, pooler) as (school, direct),
    ):
        reads = [
            ("/api/v1/student/dashboard", people.ada, "student", people.org),
            ("/api/v1/student/dashboard", people.ben, "student", people.org),
            ("/api/v1/student/dashboard", people.other_student, "student", people.other_org),
            ("/api/v1/student/performance", people.ada, "student", people.org),
            ("/api/v1/parent/dashboard", people.parent, "parent", people.org),
            ("/api/v1/teacher/dashboard", people.teacher, "teacher", people.org),
            ("/api/v1/tutor/dashboard", people.tutor, "tutor", people.org),
            ("/api/v1/director/dashboard/summary", people.admin, "admin", people.org),
            ("/api/v1/student/dashboard", people.admin, "admin", people.org),
            ("/api/v1/student/dashboard", people.ada, "student", people.other_org),
        ]

        def answer(api: Any, read: tuple[str, UUID, str, int]) -> tuple[int, Any]:
            path, person, role, org = read
            given: httpx.Response = api.get(path, person, role, org)
            said = given.json()
            return given.status_code, {k: v for k, v in said.items() if k not in ("request_id", "instance")}

        expected = [answer(direct, read) for read in reads]
        assert [status for status, _ in expected] == [200] * 8 + [403, 401]
        assert len({msgspec.json.encode(said) for _, said in expected}) == len(reads), "all different"
        chance = random.Random(11)
        rush = [chance.randrange(len(reads)) for _ in range(600)]
        with ThreadPoolExecutor(24) as threads:
            for number, found in zip(
                rush, threads.map(lambda n: answer(school, reads[n]), rush), strict=True
            ):
                assert found == expected[number]


def test_streams_work_and_outlive_the_pooler(cluster: Cluster) -> None:
    with (
        cluster.prepared(People) as (database, people),
        pooled(database, servers=2) as pooler,
        both_ways(database, people, pooler) as (school, _),
        database.connect() as db,
        sse(school.client.base_url, ANY, value(school, people.ada, "student")) as stream,
    ):
        db.execute(SEND, (people.org, people.ada, "1"))
        assert notes(stream, "1")[-1] == "1"
        pooler.stop()
        db.execute(SEND, (people.org, people.ada, "2"))
        assert notes(stream, "2") == ["2"]
        refused = school.get("/api/v1/student/dashboard", people.ada, "student")
        assert refused.status_code == 503
        pooler.start()
        db.execute(SEND, (people.org, people.ada, "3"))
        assert notes(stream, "3") == ["3"]


def test_the_server_says_503_while_postgresql_is_away_and_recovers(cluster: Cluster, tmp_path: Any) -> None:
    with Cluster(cluster.version) as own, own.database(own.template) as database:
        with database.connect() as db:
            people = People(db)
        headers = bearer(token(people.ada, people.org, "student"))
        with (
            pooled(database, servers=2) as pooler,
            served(
                database,
                tmp_path,
                API_DATABASE_URL=pooler.url(),
                DATABASE_POOLER="true",
                DATABASE_LISTEN_URL=database.url("homeroom_api"),
            ) as server,
        ):

            def status() -> int:
                return server.client.get(
                    "/api/v1/student/performance", headers=headers, timeout=30
                ).status_code

            assert status() == 200
            own.server.stop()
            assert status() == 503
            own.server.start()
            found: list[int] = []

            def is_back() -> bool:
                found.append(status())
                return found[-1] == 200

            until(is_back)
            assert set(found) <= {200, 503}


def test_a_pooler_without_a_way_past_it_is_refused() -> None:
    with pytest.raises(SettingsError, match="DATABASE_LISTEN_URL"):
        load({"DATABASE_POOLER": "true", "API_DATABASE_URL": "postgresql://a@b/c"})


def test_without_the_setting_the_pooler_refuses_what_the_api_sends(prepared: Database) -> None:
    """A control: the pooler is one of those that cannot do it."""

    async def main() -> None:
        pool = Pool(pooler.url(), size=2, statement_timeout=5)
        await pool.open()
        assert (await refused(pool.call(ECHO, "x"))).sqlstate == "08006"
        await pool.close()

    with pooled(prepared, servers=2) as pooler:
        asyncio.run(main())
