"""Rate limits: two processes count as one, whatever becomes of either, of the window and of the store."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
import pytest
import uvloop

from api import database as pools
from api import limits as module
from api.database import Database as Pool
from api.limits import LEASE, STORE_SECONDS, Limits, LimitStats, Quota, Rule, address
from api.settings import SettingsError, load
from tests.api.support import settings_for
from tests.support import gate
from tests.support.servers import Database

ADA, BEN = "1:ada", "1:ben"
PATH = "/api/v1/student/dashboard"
Session = psycopg.Connection[Any]
Scenario = Callable[[Limits, Limits], Awaitable[None]]


PATIENT = "alter function api.rate_lease(jsonb) set lock_timeout = '60s'"
"""So that on a busy machine nobody passes uncounted who waits for another process."""


@pytest.fixture(autouse=True)
def early() -> None:
    """Leases end with their five minutes: the next ones shall not begin within a test."""
    wait_for_the_next_slot(15)


def wait_for_the_next_slot(seconds: float) -> None:
    """Unless this one lasts for so long yet."""
    if (left := 300 - time.time() % 300) < seconds:
        time.sleep(left + 0.1)


@asynccontextmanager
async def process(database: Database, limits: str, **settings: Any) -> AsyncIterator[Limits]:
    """The limits of a process that runs until the block ends, and then gives back what it has."""
    given = settings_for(database, rate_limits=limits, **settings)
    pool = Pool(given.api_conninfo(), size=2, statement_timeout=60)
    await pool.open()
    running = Limits(given, pool)
    running.start()
    try:
        yield running
        await running.stop()
    finally:
        await pool.close()


def two(database: Database, limits: str, scenario: Scenario, *, patient: bool = True) -> None:
    """Run a scenario with the limits of two processes."""
    if patient:
        with database.connect() as db:
            db.execute(PATIENT)

    async def main() -> None:
        async with process(database, limits) as one, process(database, limits) as other:
            await scenario(one, other)

    run(main())


def run(main: Any) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main, 120))


async def ask(limits: Limits, who: str = ADA, path: str = PATH) -> Quota:
    """What becomes of a request."""
    rule = ruled(limits, path)
    return limits.take(rule, who) or await limits.lease(rule, who)


def ruled(limits: Limits, path: str = PATH) -> Rule:
    rule = limits.rule(path)
    assert rule is not None
    return rule


async def passed(limits: Limits, tries: int, who: str = ADA) -> int:
    """How many of so many requests, one after the other, are allowed."""
    return sum([(await ask(limits, who)).allowed for _ in range(tries)])


def taken(database: Database, who: str = ADA) -> int:
    """What the database has granted within the window, over all rules."""
    with database.connect() as db:
        row = db.execute(
            "select coalesce(sum(n), 0) from ops.rate_limit, unnest(taken) as n where who = %s", (who,)
        ).fetchone()
    assert row
    return int(row[0])


# --- Which limit


def test_the_longest_prefix_of_whole_segments_decides(database: Database) -> None:
    given = settings_for(database, rate_limits="/a=1,/a/b=2,/a/b/c=3,anonymous=9")
    limits = Limits(given, Pool(given.api_conninfo(), size=1, statement_timeout=1))
    found = {path: getattr(limits.rule(path), "limit", None) for path in (
        "/a", "/a/", "/a/x", "/a/b", "/a/bc", "/a/b/c/d", "//a//b/c", "/A", "/", "/health/ready", "",
    )}  # fmt: skip
    assert found == {
        "/a": 1, "/a/": 1, "/a/x": 1, "/a/b": 2, "/a/bc": 1, "/a/b/c/d": 3, "//a//b/c": 3,
        "/A": None, "/": None, "/health/ready": None, "": None,
    }  # fmt: skip
    for number in range(10_000):
        assert ruled(limits, f"/a/{number}").limit == 1
    assert ruled(limits, "/a/" + "x" * 60_000).limit == 1
    assert len(limits._remembered) <= 4096
    assert all(len(path) <= 256 for path in limits._remembered)


def test_the_usual_limits_are_those_that_the_documentation_names(database: Database) -> None:
    given = settings_for(database)
    limits = Limits(given, Pool(given.api_conninfo(), size=1, statement_timeout=1))
    found = {path: getattr(limits.rule(path), "limit", None) for path in (
        "/dashboard/summary", "/dashboard/export", "/dashboard/cache/stats", "/dashboard/stream",
        "/api/v1/analytics/cohorts", PATH, "/docs", "/schema/openapi.json", "/ws/dashboard",
        "/dashboard/ws/1", "/health/ready", "/metrics",
    )}  # fmt: skip
    assert found == {
        "/dashboard/summary": 100, "/dashboard/export": 5, "/dashboard/cache/stats": 200,
        "/dashboard/stream": 200, "/api/v1/analytics/cohorts": 200, PATH: 600, "/docs": 600,
        "/schema/openapi.json": 600, "/ws/dashboard": 600, "/dashboard/ws/1": 600, "/health/ready": None,
        "/metrics": None,
    }  # fmt: skip
    assert limits._anonymous is not None and limits._anonymous.limit == 6000


def test_the_counts_are_kept_without_a_log_of_writes(database: Database) -> None:
    """They outlive a restart, and no crash; each of many a second would else be written twice."""
    with database.connect() as db:
        row = db.execute(
            "select relpersistence::text from pg_class where oid = 'ops.rate_limit'::regclass"
        ).fetchone()
    assert row == ("u",)


def test_turned_off_nothing_is_limited(database: Database) -> None:
    given = settings_for(database, rate_limit_enabled=False)
    assert Limits(given, Pool(given.api_conninfo(), size=1, statement_timeout=1)).rule(PATH) is None


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("api=3", "'api=3' must be /path=number"),
        ("/api", "'/api' must end with a number"),
        ("/api=0", "must end with a number from 1"),
        ("/api=-1", "must end with a number"),
        ("/api=3,/api/=4", "/api is there twice"),
        ("/api=3,", "'' must be"),
        ("anonymous=many", "must end with a number"),
    ],
)
def test_a_wrong_setting_is_named(wrong: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=r"^RATE_LIMITS: ") as error:
        load({"RATE_LIMITS": wrong})
    assert complaint in str(error.value)


def test_a_client_without_a_token_is_its_address() -> None:
    assert address("203.0.113.9") == "address 203.0.113.9"
    assert address("::ffff:203.0.113.9") == "address 203.0.113.9"
    assert address("2001:db8:1:2:3:4:5:6") == address("2001:db8:1:2::9") == "address 2001:db8:1:2::/64"
    assert address("2001:db8:1:3::9") != address("2001:db8:1:2::9")
    assert address(None) == address("nonsense") == "address unknown"


# --- How many


def test_two_processes_together_grant_the_limit_and_not_one_more(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        quotas = [await ask(limits) for _ in range(400) for limits in (one, other)]
        assert sum(quota.allowed for quota in quotas) == 600
        assert {quota.limit for quota in quotas} == {600}
        refused = quotas[-1]
        assert (refused.allowed, refused.remaining) == (False, 0)
        assert 3300 <= refused.reset <= 3901
        assert (await ask(one, BEN)).allowed, "the limit is each person's own"
        assert one.stats().refused["/api/v1"] + other.stats().refused["/api/v1"] == 200

    two(database, "/api/v1=600", scenario)


def test_what_is_leased_is_passed_on_without_a_query(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        first = await ask(one)
        for number in range(1, 30):
            quota = one.take(ruled(one), ADA)
            assert quota and quota.allowed
            assert quota.remaining == first.remaining - number
        assert one.take(ruled(one), ADA) is None, "a twentieth of 600 was leased"
        assert one.stats().leases == 1

    two(database, "/api/v1=600", scenario)


@pytest.mark.parametrize("limit", [1, 2, 5, 30])
def test_small_limits_are_exact_too(database: Database, limit: int) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        results = await asyncio.gather(*(passed(limits, limit) for limits in (one, other)))
        assert sum(results) == limit

    two(database, f"/api/v1={limit}", scenario)


def test_many_at_once_wait_for_one_lease(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        quotas = await asyncio.gather(*(ask(limits) for _ in range(100) for limits in (one, other)))
        assert sum(quota.allowed for quota in quotas) == 100
        assert one.stats().passed == other.stats().passed == 0
        before = one.stats().leases
        await asyncio.gather(*(ask(one, f"1:{number}") for number in range(600)))
        assert one.stats().leases == before + 600

    two(database, "/api/v1=100", scenario)


def test_an_hour_grants_no_more_to_32_who_ask_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "WAIT_SECONDS", 60.0)  # so many connections take their time
    with database.connect() as db:
        db.execute(PATIENT)
    wanted = json.dumps([{"rule": "/a", "who": who, "limit": 200, "wanted": 7} for who in ("1:b", "1:a")])

    async def main() -> None:
        pool = Pool(database.url("homeroom_api"), size=32, statement_timeout=60)
        await pool.open()
        answers: list[dict[str, Any]] = []
        for _ in range(10):
            calls = await asyncio.gather(*(pool.call(LEASE, wanted) for _ in range(32)))
            answers += [answer for call in calls for answer in json.loads(call)]
        await pool.close()
        assert len(answers) == 640
        assert sum(answer["granted"] for answer in answers) == 400

    run(main())
    assert taken(database, "1:a") == taken(database, "1:b") == 200


def test_those_without_a_token_share_one_counter_over_all_paths(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        who = address("203.0.113.9")
        ways = [(limits, path) for limits in (one, other) for path in ("/api/v1/a", "/dashboard/b")]
        allowed = [(await ask(limits, who, path)).allowed for _ in range(10) for limits, path in ways]
        assert sum(allowed) == 30
        assert (await ask(one, address("203.0.113.10"))).allowed
        assert (await ask(one, ADA, "/dashboard/b")).limit == 3

    two(database, "/api/v1=2,/dashboard=3,anonymous=30", scenario)


def test_without_a_limit_for_them_they_are_not_limited(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        assert await passed(one, 50, address("203.0.113.9")) == 50
        assert one.stats().passed == 0

    two(database, "/api/v1=2", scenario)


# --- What becomes of leases


def test_a_restart_changes_nothing(database: Database) -> None:
    async def main() -> None:
        async with process(database, "/api/v1=100") as first:
            assert await passed(first, 13) == 13
        assert taken(database) == 13, "it gave back what it had not used"
        async with process(database, "/api/v1=100") as second:
            assert await passed(second, 200) == 87

    run(main())


def test_a_process_that_is_killed_takes_its_leases_along(database: Database) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            killed = await stack.enter_async_context(process(database, "/api/v1=100"))
            assert await passed(killed, 13) == 13
            living = await stack.enter_async_context(process(database, "/api/v1=100"))
            assert await passed(living, 200) == 85, "the third lease of five counts whole"

    run(main())


def test_what_lies_idle_is_given_back(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        await ask(one)
        assert taken(database) == 30
        for _ in range(2):
            await one.sweep()
        await ask(one)  # somebody uses it
        for _ in range(3):
            await one.sweep()
        assert taken(database) == 30
        await one.sweep()
        assert taken(database) == 2
        assert one.take(ruled(one), ADA) is None

    two(database, "/api/v1=600", scenario)


def test_a_lease_ends_with_its_slot(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        await ask(one)
        lease = ruled(one).leases[ADA]
        lease.ends = 0
        assert one.take(ruled(one), ADA) is None
        await ask(one)
        assert taken(database) == 60
        await one.sweep()
        assert taken(database) == 31, "29 of the lease that ended came back"

    two(database, "/api/v1=600", scenario)


def test_a_refusal_is_remembered_for_a_moment_only(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        assert await passed(one, 20) == 10
        leases = one.stats().leases
        assert await passed(one, 20) == 0
        assert one.stats().leases == leases, "nobody asked again"
        with database.connect() as db:
            db.execute("update ops.rate_limit set taken = array_fill(0, array[13])")
        ruled(one).leases[ADA].ends = 0
        assert await passed(one, 20) == 10

    two(database, "/api/v1=10", scenario)


# --- The window


def lease(db: Session, minutes: float, wanted: int = 1000, limit: int = 60) -> dict[str, Any]:
    """What is granted so many minutes after a whole hour."""
    asks = [{"rule": "/a", "who": ADA, "limit": limit, "wanted": wanted}]
    row = db.execute(
        "select ops.rate_lease(%s, timestamptz '2026-01-01 00:00:00+00' + make_interval(secs => %s))",
        (json.dumps(asks), minutes * 60),
    ).fetchone()
    assert row
    [answer] = row[0]
    return dict(answer)


def exhaust(db: Session, minutes: float) -> int:
    """Take all there is; how much that was."""
    total = 0
    while granted := lease(db, minutes)["granted"]:
        total += granted
    return total


def test_the_window_slides(database: Database) -> None:
    with database.connect() as db:
        assert exhaust(db, 4.9) == 60
        refused = lease(db, 5)
        assert (refused["granted"], refused["remaining"], refused["reset"]) == (0, 0, 3600)
        assert lease(db, 64.9)["granted"] == 0, "all were granted within the last hour and 5 minutes"
        assert exhaust(db, 65) == 60
        assert exhaust(db, 65 + 64.9) == 0
        assert exhaust(db, 600) == 60


def test_each_request_comes_back_an_hour_after_it_was_made(database: Database) -> None:
    with database.connect() as db:
        for minutes in range(0, 60, 5):
            for _ in range(5):
                assert lease(db, minutes, wanted=1)["granted"] == 1
        assert exhaust(db, 64.9) == 0
        for minutes in range(65, 125, 5):
            assert lease(db, minutes - 0.1)["granted"] == 0
            assert lease(db, minutes - 0.1)["reset"] == pytest.approx(6)
            assert exhaust(db, minutes) == 5


def test_in_no_hour_there_are_more_than_the_limit(database: Database) -> None:
    with database.connect() as db:
        granted = [(minutes, exhaust(db, minutes)) for minutes in (2, 4, 30, 61, 62, 66, 67, 70, 94, 96, 130)]
    for end, _ in granted:
        assert sum(number for at, number in granted if end - 60 < at <= end) <= 60
    assert sum(number for _, number in granted) == 180


def test_a_clock_that_goes_back_grants_nothing_more(database: Database) -> None:
    with database.connect() as db:
        assert exhaust(db, 10) == 60
        assert exhaust(db, 9) == exhaust(db, 0) == 0


def test_who_was_counted_by_a_clock_that_was_ahead_waits_an_hour_at_most(database: Database) -> None:
    with database.connect() as db:
        assert exhaust(db, 30 * 24 * 60) == 60
        refused = lease(db, 0)
        assert refused["granted"] == 0, "what it granted counts, from when the clock is right"
        assert refused["reset"] == 65 * 60
        row = db.execute("update ops.rate_limit set taken[1] = 59 returning slot").fetchone()
        assert lease(db, 0)["granted"] == 1
        assert db.execute("select slot < %s - 8000 from ops.rate_limit", row).fetchone() == (True,)
        assert exhaust(db, 65) == 60


def test_a_limit_that_is_lowered_holds_at_once(database: Database) -> None:
    with database.connect() as db:
        lease(db, 0, wanted=1)
        lease(db, 6, wanted=1)
        lease(db, 7, wanted=1)
        refused = lease(db, 8, limit=2)
        assert refused["granted"] == 0
        assert refused["reset"] == (5 + 65 - 8) * 60, "the first alone is not enough"


def test_what_comes_back_late_counts_where_it_was_granted(database: Database) -> None:
    with database.connect() as db:
        granted = lease(db, 0, wanted=3)
        assert (granted["granted"], granted["seconds"]) == (3, 300)
        lease(db, 6, wanted=2)
        back = [{"rule": "/a", "who": ADA, "slot": granted["slot"], "unused": 2}]

        def give_back() -> Any:
            return db.execute("select ops.rate_return(%s)", (json.dumps(back),)).fetchone()

        assert give_back() == (2,)
        row = db.execute("select taken[1:3] from ops.rate_limit").fetchone()
        assert row == ([2, 1, 0],)
        assert give_back() == (2,)
        row = db.execute("select taken[1:3] from ops.rate_limit").fetchone()
        assert row == ([2, 0, 0],), "never below nothing"
        lease(db, 120)
        assert give_back() == (0,)


def test_those_who_have_not_asked_for_an_hour_are_forgotten(database: Database) -> None:
    with database.connect() as db:
        db.execute(
            "insert into ops.rate_limit (rule, who, slot, taken) "
            "select '/a', '1:' || n, floor(extract(epoch from now()) / 300) - n, array_fill(1, array[13]) "
            "from generate_series(0, 20) as n"
        )
        db.execute(
            "insert into ops.rate_limit (rule, who, slot, taken) "
            "select '/b', '1:' || n, floor(extract(epoch from now()) / 300) + n, array_fill(1, array[13]) "
            "from unnest('{1, 13, 15, 8640}'::integer[]) as n"
        )
        assert db.execute("select ops.prune_rate_limits()").fetchone() == (9,)
        assert db.execute("select count(*) from ops.rate_limit").fetchone() == (16,)
        job = db.execute("select call from ops.job where name = 'prune rate limits'").fetchone()
        assert job == ("select ops.prune_rate_limits()",)


# --- The store


def test_while_the_counters_are_locked_requests_pass_and_are_counted(database: Database) -> None:
    async def scenario(one: Limits, other: Limits) -> None:
        with database.connect() as db:
            db.execute("begin; lock table ops.rate_limit")
            quotas = await asyncio.gather(*(ask(one, f"1:{number}") for number in range(50)))
            assert all(quota.allowed for quota in quotas)
            assert one.stats().passed == 50
            assert one.stats().failures >= 1
            await ask(one, "1:late")
            assert one.stats().passed == 51, "nobody waits again so soon"
            db.execute("commit")
        one._away_until = 0.0
        assert await passed(one, 50) == 10
        assert one.stats().passed == 51

    two(database, "/api/v1=10", scenario, patient=False)


SLOW = f"""
create or replace function api.rate_lease(asks jsonb) returns json language plpgsql security definer
as $$ begin perform {gate.PASS}; return ops.rate_lease(asks, clock_timestamp()); end $$
"""


def test_a_store_that_is_slow_holds_nobody_up_and_takes_one_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STORE_SECONDS", STORE_SECONDS)
    with database.connect() as db:
        db.execute(SLOW.encode())

    async def scenario(one: Limits, other: Limits) -> None:
        with database.connect() as db:
            gate.shut(db)  # it answers when this ends
            assert (await ask(one)).allowed
            assert (await ask(one, BEN)).allowed
            assert one.stats() == LimitStats(refused={"/api/v1": 0}, leases=0, failures=1, passed=2)
            active = db.execute(
                "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = %s",
                (database.name,),
            ).fetchone()
            assert active == (1,)
        while one.stats().leases == 0:
            await asyncio.sleep(0.05)
        assert one.take(ruled(one), ADA), "the late answer is used"

    two(database, "/api/v1=100", scenario, patient=False)


def test_a_database_that_is_away_refuses_nobody(database: Database) -> None:
    async def main() -> None:
        given = settings_for(database, rate_limits="/api/v1=1").api_conninfo()
        pool = Pool(given, size=1, statement_timeout=5)
        await pool.open()
        limits = Limits(settings_for(database, rate_limits="/api/v1=1"), pool)
        limits.start()
        await ask(limits, BEN)
        await pool.close()
        assert await passed(limits, 5) == 5
        assert limits.stats().passed == 5
        ruled(limits).leases[BEN].left = 1
        await limits.stop()

    run(main())
