"""Brief calls follow each other down one connection, and none suffers by another."""

from __future__ import annotations

import asyncio

import pytest

from api import connection
from api.database import Database as Pool
from api.database import Function
from tests.api.pool import (
    FAIL,
    FUNCTIONS,
    HOLD,
    NAP,
    PID,
    all_open,
    answers,
    eventually,
    held,
    refused,
    until_held,
    with_pool,
)
from tests.api.support import sessions
from tests.support.servers import Database

BRIEF_NAP = Function("test_nap", "float8", "text", brief=True)
BRIEF_HOLD = Function("test_hold", "text", brief=True)
BRIEF_FAIL = Function("test_fail", "text", brief=True)
BRIEF_PID = Function("test_pid", brief=True)


@pytest.fixture
def prepared(database: Database) -> Database:
    """A database with this module's functions."""
    with database.connect() as db:
        db.execute(FUNCTIONS)
    return database


async def prepare(pool: Pool) -> None:
    """Have every connection know the brief functions' statements."""
    for nap in [pool.call(NAP, "0.05", "x") for _ in range(2)]:
        await nap
    await asyncio.gather(*(pool.call(PID) for _ in range(2)))
    await asyncio.gather(*(refused(pool.call(FAIL, "HR409")) for _ in range(2)))


def test_brief_calls_follow_each_other_down_one_connection(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await all_open(prepared)
        await prepare(pool)
        calls = [pool.call(BRIEF_PID) for _ in range(connection.DEPTH + 1)]
        found = await asyncio.gather(*calls)
        assert len(set(found[:-1])) == 1, "as many as one takes"
        assert found[-1] != found[0], "then another"

    with_pool(prepared, scenario)


def test_calls_that_are_not_brief_have_a_connection_to_themselves(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await all_open(prepared)
        await prepare(pool)
        await pool.call(BRIEF_PID)  # the next call gets the connection that brief ones have used last
        with held(prepared) as let_go:
            long = pool.call(HOLD, "long")
            await asyncio.gather(*(pool.call(BRIEF_PID) for _ in range(3)))
            assert not long.done(), "nobody followed it"
            let_go()
            assert await long == b'"long"'
        first, second = await asyncio.gather(pool.call(BRIEF_PID), pool.call(PID))
        assert first != second, "nor does it follow"

    with_pool(prepared, scenario, statement_timeout=30)


def test_nobody_is_sent_after_a_call_that_takes_longer_than_expected(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await all_open(prepared)
        await prepare(pool)
        with held(prepared) as let_go:
            long = pool.call(BRIEF_HOLD, "long")
            await until_held(prepared)
            await asyncio.sleep(2 * connection.STALLED_SECONDS)
            await pool.call(BRIEF_PID)
            assert not long.done()
            let_go()
            assert await long == b'"long"'

    with_pool(prepared, scenario, statement_timeout=30)


def test_errors_and_cancelled_calls_in_between_are_nobody_elses(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await prepare(pool)
        pid = await pool.call(PID)
        for _ in range(20):
            row = [
                pool.call(BRIEF_NAP, "0", "first"),
                pool.call(BRIEF_FAIL, "HR409"),
                pool.call(BRIEF_NAP, "soon", "malformed"),
                pool.call(BRIEF_NAP, "0", "cancelled"),
                pool.call(BRIEF_NAP, "0", "last"),
            ]
            row[3].cancel()
            assert await row[4] == b'"last"'
            assert await row[0] == b'"first"'
            assert [(await refused(call)).sqlstate for call in row[1:3]] == ["HR409", "22P02"]
        assert await pool.call(PID) == pid

    with_pool(prepared, scenario, size=1)


def test_who_waits_for_a_connection_is_not_overtaken_by_brief_calls(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await prepare(pool)
        done: list[str] = []

        async def brief(number: int) -> None:
            for _ in range(20):
                await pool.call(BRIEF_NAP, "0.002", "x")
            done.append(f"brief {number}")

        crowd = [asyncio.ensure_future(brief(number)) for number in range(4)]
        await asyncio.sleep(0.01)
        await pool.call(NAP, "0", "own")
        assert not done, "it has had its turn"
        await asyncio.gather(*crowd)

    with_pool(prepared, scenario, size=1)


def test_all_that_follow_are_told_when_the_connection_ends(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        await prepare(pool)
        row = [pool.call(BRIEF_NAP, "50", str(number)) for number in range(4)]
        await asyncio.sleep(0.05)
        with prepared.connect() as db:
            db.execute("select pg_terminate_backend(pid) from unnest(%s) as s (pid)", (sessions(prepared),))
        told = [(await refused(call)).sqlstate for call in row]
        assert told[0] in ("57P01", "08006") and set(told[1:]) == {"08006"}
        await eventually(lambda: answers(pool))

    with_pool(prepared, scenario, size=1, statement_timeout=60)
