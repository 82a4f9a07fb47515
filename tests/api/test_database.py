"""The pool: right answers to the right callers, whatever is cancelled, killed, slow or silent meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from typing import Any

import pytest

from api import database as module
from api.database import Database as Pool
from api.database import Function
from tests.api.pool import (
    ECHO,
    FAIL,
    FAIL_LATE,
    FUNCTIONS,
    HOLD,
    MISSING,
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
from tests.support.servers import Cluster, Database


@pytest.fixture
def prepared(database: Database) -> Database:
    """A database with this module's functions."""
    with database.connect() as db:
        db.execute(FUNCTIONS)
    return database


def test_answers_are_the_bytes_that_postgresql_wrote(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        assert await pool.call(ECHO, "é\n\"'") == '"é\\n\\"\'"'.encode()
        assert await pool.call(ECHO, None) == b"null"
        assert await pool.call(NAP, "0", "typed") == b'"typed"'
        big = "x" * 5_000_000
        assert await pool.call(ECHO, big) == f'"{big}"'.encode()

    with_pool(prepared, scenario)


def test_what_postgresql_says_comes_as_an_error_and_the_connection_stays(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        pid = await pool.call(PID)
        error = await refused(pool.call(FAIL, "HR409"))
        assert (error.sqlstate, error.message) == ("HR409", "told so")
        assert (error.detail, error.hint) == ("the detail", "the hint")
        assert (await refused(pool.call(MISSING))).sqlstate == "42883"
        assert (await refused(pool.call(NAP, "soon", "x"))).sqlstate == "22P02"
        assert await pool.call(PID) == pid

    with_pool(prepared, scenario, size=1)


def test_an_answer_that_is_not_committed_is_none(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        for _ in range(2):
            error = await refused(pool.call(FAIL_LATE, "told"))
            assert (error.sqlstate, error.message) == ("HR409", "at the commit")
        assert await pool.call(ECHO, "next") == b'"next"'

    with_pool(prepared, scenario, size=1)


@pytest.mark.parametrize("text", ["nul \0 nul", "\ud800"])
def test_text_that_cannot_be_sent_whole_is_not_sent(prepared: Database, text: str) -> None:
    async def scenario(pool: Pool) -> None:
        assert (await refused(pool.call(ECHO, text))).sqlstate == "22021"

    with_pool(prepared, scenario)


def test_many_calls_share_few_connections_and_each_gets_its_own_answer(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        answers = await asyncio.gather(*(pool.call(ECHO, str(number)) for number in range(100)))
        assert answers == [f'"{number}"'.encode() for number in range(100)]
        await all_open(prepared)

    with_pool(prepared, scenario)


def test_cancelled_calls_disturb_nobody(prepared: Database) -> None:
    chance = random.Random(7)

    async def one(pool: Pool, number: int) -> None:
        call = asyncio.ensure_future(pool.call(NAP, str(chance.random() / 200), str(number)))
        if number % 3 == 0:
            await asyncio.sleep(chance.random() / 100)
            call.cancel()
        try:
            assert await call == f'"{number}"'.encode()
        except asyncio.CancelledError:
            assert number % 3 == 0

    async def scenario(pool: Pool) -> None:
        first = await all_open(prepared)
        await asyncio.gather(*(one(pool, number) for number in range(100)))
        assert await pool.call(ECHO, "still") == b'"still"'
        assert await all_open(prepared) == first, "nobody's connection had to be replaced"

    with_pool(prepared, scenario)


def test_a_call_cancelled_while_its_statement_is_prepared_or_waits_is_not_run(prepared: Database) -> None:
    with prepared.connect() as db:
        db.execute("create sequence api.runs; grant usage on sequence api.runs to homeroom_api")
        db.execute(
            "create function api.test_run() returns json language sql "
            "as $$select to_json(nextval('api.runs'))$$"
        )

    async def scenario(pool: Pool) -> None:
        run = Function("test_run")
        pool.call(run).cancel()  # sent to be prepared
        pool.call(run).cancel()  # waits
        assert await pool.call(run) == b"1"

    with_pool(prepared, scenario, size=1)


def test_a_statement_that_takes_too_long_is_ended(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        assert (await refused(pool.call(NAP, "50", "late"))).sqlstate == "57014"
        await eventually(lambda: answers(pool))  # on a busy machine that, too, may take too long

    with_pool(prepared, scenario, size=1, statement_timeout=0.1)


def test_who_waits_too_long_for_a_connection_is_told(
    prepared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)

    async def scenario(pool: Pool) -> None:
        with held(prepared) as let_go:
            long = pool.call(HOLD, "there")
            assert (await refused(pool.call(ECHO, "impatient"))).sqlstate == "HR503"
            let_go()
            assert await long == b'"there"'

    with_pool(prepared, scenario, size=1, statement_timeout=30)


def test_a_queue_that_is_full_refuses_at_once(prepared: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_PER_CONNECTION", 3)

    async def scenario(pool: Pool) -> None:
        running = [pool.call(NAP, "0.2", str(number)) for number in range(4)]
        assert (await refused(pool.call(ECHO, "one too many"))).sqlstate == "HR503"
        assert not any(call.done() for call in running)
        assert await asyncio.gather(*running) == [b'"0"', b'"1"', b'"2"', b'"3"']

    with_pool(prepared, scenario, size=1)


def test_connections_that_are_ended_are_replaced(prepared: Database) -> None:
    def end_all() -> None:
        with prepared.connect() as db:
            db.execute("select pg_terminate_backend(pid) from unnest(%s) as s (pid)", (sessions(prepared),))

    async def scenario(pool: Pool) -> None:
        nap = pool.call(NAP, "50", "cut")
        before = await all_open(prepared)
        end_all()
        assert (await refused(nap)).sqlstate in ("57P01", "08006")

        while await all_open(prepared) & before:  # one of them may still be ending
            await asyncio.sleep(0.01)
        assert await pool.call(ECHO, "back") == b'"back"'
        before = await all_open(prepared)
        end_all()  # all idle now: the pool notices without a request
        while await all_open(prepared) & before:
            await asyncio.sleep(0.01)
        assert await asyncio.gather(*(pool.call(ECHO, "again") for _ in range(4))) == [b'"again"'] * 4

    with_pool(prepared, scenario, statement_timeout=60)


def test_who_waits_gets_no_connection_that_is_ending(prepared: Database) -> None:
    async def scenario(pool: Pool) -> None:
        nap = pool.call(NAP, "50", "cut")
        waiting = pool.call(ECHO, "patient")
        with prepared.connect() as db:
            db.execute("select pg_terminate_backend(pid) from unnest(%s) as s (pid)", (sessions(prepared),))
        await refused(nap)
        assert await waiting == b'"patient"'

    with_pool(prepared, scenario, size=1, statement_timeout=60)


def test_a_server_that_falls_silent_is_given_up(prepared: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)

    async def scenario(pool: Pool) -> None:
        silent = int(await pool.call(PID))
        os.kill(silent, signal.SIGSTOP)
        try:
            assert (await refused(pool.call(ECHO, "hello?"))).sqlstate == "08006"
            monkeypatch.setattr(pool, "_patience", 60.0)  # the next one is slow at worst
            assert int(await pool.call(PID)) != silent
        finally:
            os.kill(silent, signal.SIGCONT)

    with_pool(prepared, scenario, size=1, statement_timeout=3)


def test_a_server_that_is_away_is_said_at_once_and_found_again(cluster: Cluster) -> None:
    with Cluster(cluster.version) as own, own.database(own.template) as database:
        with database.connect() as db:
            db.execute(FUNCTIONS)

        async def scenario(pool: Pool) -> None:
            assert await pool.call(ECHO, "here") == b'"here"'
            own.server.stop()

            async def is_away() -> bool:
                begun = time.monotonic()
                error = await refused(pool.call(ECHO, "there?"))
                return error.sqlstate == "08006" and time.monotonic() - begun < 0.1

            await eventually(is_away)
            own.server.start()

            await eventually(lambda: answers(pool))

        with_pool(database, scenario)
        own.server.stop()

        async def starts_without_server(pool: Pool) -> None:
            assert (await refused(pool.call(ECHO, "there?"))).sqlstate == "08006"

        with_pool(database, starts_without_server)
        own.server.start()


def test_a_backend_that_ends_over_a_call_is_noticed(prepared: Database) -> None:
    """It says goodbye and closes a socket that holds an unread call; of the two, uvloop tells once."""

    async def scenario(pool: Pool) -> None:
        pid = int(await pool.call(PID))
        os.kill(pid, signal.SIGSTOP)
        with prepared.connect() as db:
            db.execute("select pg_terminate_backend(%s)", (pid,))
        unread = pool.call(ECHO, "unread")
        await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.3)  # the event loop is busy meanwhile, so that both come at once
        begun = time.monotonic()
        assert (await refused(unread)).sqlstate in ("57P01", "08006")
        assert time.monotonic() - begun < module.GRACE_SECONDS, "sooner than a silent server"
        assert await answers(pool)

    with_pool(prepared, scenario, size=1)


def test_closing_leaves_nothing_behind(prepared: Database) -> None:
    waiting: list[Any] = []

    async def scenario(pool: Pool) -> None:
        waiting.extend(asyncio.ensure_future(pool.call(HOLD, "x")) for _ in range(4))
        await until_held(prepared, 2)
        await pool.close()
        for call in waiting:
            assert (await refused(call)).sqlstate == "08006"
        assert (await refused(pool.call(ECHO, "late"))).sqlstate == "08006"

    with held(prepared):
        with_pool(prepared, scenario, statement_timeout=60)
    deadline = time.monotonic() + 60
    while sessions(prepared):
        assert time.monotonic() < deadline, "PostgreSQL still serves a closed pool"
        time.sleep(0.02)
